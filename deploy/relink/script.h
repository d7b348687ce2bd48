/* What programs share that run a script on the machine that links: its text, and its faults. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

/* NULL if it cannot be read; the text ends with a NUL beyond `size`. */
static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text && fread(text, 1, (size_t)length, file) == (size_t)length) {
        text[length] = '\0';
        *size = (size_t)length;
    } else {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static int say_exception(JSContext *ctx)
{
    JSValue exception = JS_GetException(ctx);
    const char *what = JS_ToCString(ctx, exception);
    JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");
    const char *where = JS_ToCString(ctx, stack);
    fprintf(stderr, "%s\n%s", what ? what : "exception", where ? where : "");
    return 1;
}

#endif
