/*
 * Runs on the machine that links: compiles a script (an ES module) to the engine's bytecode.
 *
 * usage: compile NAME SCRIPT BYTECODE [--debug]
 *
 * NAME is the file name in stack traces. With --debug the bytecode keeps the source text.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

static int write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return -1;
    size_t written = fwrite(bytes, 1, size, file);
    return fclose(file) == 0 && written == size ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: compile NAME SCRIPT BYTECODE [--debug]\n");
        return 2;
    }
    size_t size;
    char *text = read_file(argv[2], &size);
    if (!text) {
        fprintf(stderr, "cannot read %s\n", argv[2]);
        return 1;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = JS_NewContext(runtime);
    if (argc < 5 || strcmp(argv[4], "--debug") != 0)
        JS_SetStripInfo(runtime, JS_STRIP_SOURCE);
    int how = JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY;
    JSValue module = JS_Eval(ctx, text, size, argv[1], how);
    if (JS_IsException(module))
        return say_exception(ctx);
    size_t written;
    uint8_t *bytecode = JS_WriteObject(ctx, &written, module, JS_WRITE_OBJ_BYTECODE);
    if (!bytecode)
        return say_exception(ctx);
    if (write_file(argv[3], bytecode, written) < 0) {
        fprintf(stderr, "cannot write %s\n", argv[3]);
        return 1;
    }
    return 0;
}
