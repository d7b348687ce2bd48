/*
 * Runs on the machine that links: compiles a script (an ES module) to the engine's bytecode.
 *
 * usage: compile NAME SCRIPT BYTECODE [--debug]
 *        compile --run SCRIPT
 *
 * NAME is the file name in stack traces. With --debug the bytecode keeps the source text. --run
 * runs the script, to its last promise, and fails with the words of what it throws.
 */

#include <stdbool.h>
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

static int run(JSContext *ctx, const char *text, size_t size, const char *name)
{
    JSValue done = JS_Eval(ctx, text, size, name, JS_EVAL_TYPE_MODULE);
    if (JS_IsException(done))
        return say_exception(ctx);
    JSContext *of_job;
    int result;
    while ((result = JS_ExecutePendingJob(JS_GetRuntime(ctx), &of_job)) > 0)
        continue;
    if (result < 0)
        return say_exception(of_job);
    if (JS_PromiseState(ctx, done) == JS_PROMISE_FULFILLED)
        return 0;
    JS_Throw(ctx, JS_PromiseResult(ctx, done));
    return say_exception(ctx);
}

int main(int argc, char **argv)
{
    bool is_run = argc == 3 && strcmp(argv[1], "--run") == 0;
    if (argc < 4 && !is_run) {
        fprintf(stderr, "usage: compile NAME SCRIPT BYTECODE [--debug] | --run SCRIPT\n");
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
    if (is_run)
        return run(ctx, text, size, argv[2]);
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
