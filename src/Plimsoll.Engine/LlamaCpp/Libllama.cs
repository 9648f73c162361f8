using System.Runtime.InteropServices;
using LLama.Native;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// The functions of libllama that the engine calls itself: LLamaSharp supplies the library, its structs and
/// its choice of variant; its wrappers lock, allocate or hide failures. <see cref="LlamaLibrary"/> must have
/// loaded the library before any of them.
/// </summary>
static unsafe class Libllama
{
    const string Library = "libllama";

    /// <summary>Tokens to compute; the layout is llama.h's <c>llama_batch</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Batch
    {
        public int Count;
        public int* Tokens;
        public float* Embeddings;
        public int* Positions;
        public int* SequenceCounts;
        public int** Sequences;
        public sbyte* Logits;
    }

    [DllImport(Library)]
    public static extern nint llama_model_load_from_file(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path, LLamaModelParams parameters);

    [DllImport(Library)]
    public static extern void llama_model_free(nint model);

    [DllImport(Library)]
    public static extern nint llama_model_get_vocab(nint model);

    [DllImport(Library)]
    public static extern int llama_model_n_ctx_train(nint model);

    [DllImport(Library)]
    public static extern int llama_model_n_embd_out(nint model);

    /// <summary>Numbers that stand for a token where a batch holds rows.</summary>
    [DllImport(Library)]
    public static extern int llama_model_n_embd_inp(nint model);

    [DllImport(Library)]
    public static extern void llama_set_causal_attn(
        nint context, [MarshalAs(UnmanagedType.I1)] bool causal);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool llama_model_is_recurrent(nint model);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool llama_model_is_hybrid(nint model);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool llama_model_has_encoder(nint model);

    [DllImport(Library)]
    public static extern int llama_vocab_n_tokens(nint vocabulary);

    [DllImport(Library)]
    public static extern int llama_vocab_type(nint vocabulary);

    [DllImport(Library)]
    public static extern int llama_vocab_bos(nint vocabulary);

    [DllImport(Library)]
    public static extern int llama_vocab_eos(nint vocabulary);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool llama_vocab_is_eog(nint vocabulary, int token);

    [DllImport(Library)]
    public static extern int llama_token_to_piece(
        nint vocabulary, int token, byte* buffer, int length, int strip,
            [MarshalAs(UnmanagedType.I1)] bool special);

    [DllImport(Library)]
    public static extern int llama_tokenize(
        nint vocabulary, byte* text, int length, int* tokens, int most,
        [MarshalAs(UnmanagedType.I1)] bool addSpecial, [MarshalAs(UnmanagedType.I1)] bool parseSpecial);

    [DllImport(Library)]
    public static extern nint llama_init_from_model(nint model, LLamaContextParams parameters);

    [DllImport(Library)]
    public static extern void llama_free(nint context);

    [DllImport(Library)]
    public static extern uint llama_n_ctx(nint context);

    [DllImport(Library)]
    public static extern uint llama_n_ctx_seq(nint context);

    [DllImport(Library)]
    public static extern uint llama_n_batch(nint context);

    [DllImport(Library)]
    public static extern nint llama_get_memory(nint context);

    [DllImport(Library)]
    public static extern int llama_decode(nint context, Batch batch);

    /// <summary>Waits for all that was asked of the devices.</summary>
    [DllImport(Library)]
    public static extern void llama_synchronize(nint context);

    /// <summary>Whether a device other than the processor is there.</summary>
    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool llama_supports_gpu_offload();

    /// <summary>Rows that asked for logits, one after the other in the batch's order.</summary>
    [DllImport(Library)]
    public static extern float* llama_get_logits(nint context);

    [DllImport(Library)]
    public static extern float* llama_get_embeddings_seq(nint context, int sequence);

    [DllImport(Library)]
    public static extern float* llama_get_embeddings_ith(nint context, int row);

    [DllImport(Library)]
    public static extern void llama_set_abort_callback(
        nint context, delegate* unmanaged[Cdecl]<nint, byte> callback, nint data);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool llama_memory_seq_rm(nint memory, int sequence, int from, int to);

    [DllImport(Library)]
    public static extern void llama_memory_seq_cp(nint memory, int source, int target, int from, int to);

    [DllImport(Library)]
    public static extern int llama_memory_seq_pos_max(nint memory, int sequence);

    [DllImport(Library)]
    public static extern void llama_memory_clear(nint memory, [MarshalAs(UnmanagedType.I1)] bool data);

    [DllImport(Library)]
    public static extern nuint llama_state_seq_get_size(nint context, int sequence);

    [DllImport(Library)]
    public static extern nuint llama_state_seq_get_data(nint context, byte* target, nuint size, int sequence);

    [DllImport(Library)]
    public static extern nuint llama_state_seq_set_data(nint context, byte* source, nuint size, int sequence);

    [DllImport(Library)]
    public static extern nint llama_adapter_lora_init(
        nint model, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport(Library)]
    public static extern void llama_adapter_lora_free(nint adapter);

    [DllImport(Library)]
    public static extern int llama_set_adapters_lora(
        nint context, nint* adapters, nuint count, float* scales);

    [DllImport(Library)]
    public static extern void llama_log_set(
        delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);
}
