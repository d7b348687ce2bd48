/**
 * The functions of quickjs.c that requests and packets spend their time in, by a profile of
 * instructions (valgrind's callgrind) of what `npm run bench -- engine` runs.
 */
export const HOT: ReadonlySet<string> = new Set(
  `
    JS_AtomIsNumericIndex1 JS_Call JS_CallConstructorInternal JS_CallFree JS_CallInternal
    JS_ConcatString JS_ConcatString2 JS_CreateProperty JS_DefineProperty JS_EnqueueJob
    JS_FreeAtomStruct JS_GetOwnPropertyInternal JS_GetPropertyInternal JS_GetPropertyValue
    JS_GetPrototypePrimitive JS_IteratorNext JS_NewAtomLen JS_NewObjectFromShape
    JS_NewObjectProtoClass JS_SetPropertyInternal JS_SetPropertyValue JS_ToBoolFree
    JS_ToInt32Clamp JS_ToInt32Free JS_ToInt32Sat JS_ToInt64Clamp JS_ToNumberHintFree JS_ToObject
    JS_ToStringInternal JS_ValueToAtom __JS_AtomToValue __JS_FindAtom __JS_FreeValueRT
    __JS_NewAtom add_fast_array_element add_property add_shape_property async_func_resume
    build_arg_list close_var_refs free_arg_list free_gc_object free_property free_var_ref
    get_var_ref hash_string js_add_slow js_alloc_string js_array_concat js_array_from
    js_array_includes js_array_iterator_next js_array_lastIndexOf js_array_push js_array_slice
    js_async_function_resume js_atomics_op js_atomics_store js_binary_arith_slow
    js_binary_logic_slow js_build_arguments js_call_c_function js_clone_shape js_closure
    js_closure2 js_create_array js_create_function js_create_iterator_result js_dataview_getValue
    js_dataview_setValue js_dup_shape js_for_of_next js_for_of_start js_free js_free_rt
    js_free_shape js_get_length64 js_malloc js_malloc_rt js_mallocz js_map_get js_map_has
    js_map_set js_math_imul js_new_shape2 js_new_string8_len js_not_slow js_post_inc_slow
    js_promise_resolve_function_call js_realloc js_realloc2 js_relational_slow
    js_shape_prepare_update js_strict_eq2 js_strict_eq_slow js_string_charCodeAt js_string_compare
    js_string_fromCharCode js_string_memcmp js_string_slice js_sub_string
    js_typed_array_constructor js_typed_array_indexOf js_typed_array_set js_typed_array_subarray
    js_unary_arith_slow map_find_record map_hash_key resize_properties set_array_length
  `
    .trim()
    .split(/\s+/),
);
