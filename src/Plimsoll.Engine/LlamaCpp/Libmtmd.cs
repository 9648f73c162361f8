using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// The functions of libmtmd, llama.cpp's own part for images, that the engine calls.
/// <see cref="LlamaLibrary.LoadImages"/> must have loaded the library before any of them.
/// </summary>
static unsafe class Libmtmd
{
    const string Library = "libmtmd";

    public const int ImageChunk = 1;

    /// <summary>
    /// mtmd.h's <c>mtmd_context_params</c>, as far as it is set here; what follows goes back as it came, and
    /// there is room for more of it than there is.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Parameters
    {
        public byte UseGpu;
        public byte PrintTimings;
        public int Threads;
        public nint ImageMarker;
        public nint MediaMarker;
        public int FlashAttention;
        public byte Warmup;
        public int LeastTokens;
        public int MostTokens;
        public Rest Others;
    }

    [InlineArray(16)]
    public struct Rest
    {
        long _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Text
    {
        public byte* Utf8;
        public nuint Length;
        public byte AddSpecial;
        public byte ParseSpecial;
    }

    [DllImport(Library)]
    public static extern Parameters mtmd_context_params_default();

    [DllImport(Library)]
    public static extern nint mtmd_init_from_file(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path, nint model, Parameters parameters);

    [DllImport(Library)]
    public static extern void mtmd_free(nint projector);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool mtmd_support_vision(nint projector);

    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool mtmd_decode_use_mrope(nint projector);

    /// <param name="chunk">0 for an image.</param>
    [DllImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static extern bool mtmd_decode_use_non_causal(nint projector, nint chunk);

    [DllImport(Library)]
    public static extern nint mtmd_bitmap_init(uint width, uint height, byte* rgb);

    [DllImport(Library)]
    public static extern void mtmd_bitmap_set_id(
        nint bitmap, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport(Library)]
    public static extern void mtmd_bitmap_free(nint bitmap);

    [DllImport(Library)]
    public static extern nint mtmd_input_chunks_init();

    [DllImport(Library)]
    public static extern nuint mtmd_input_chunks_size(nint chunks);

    [DllImport(Library)]
    public static extern nint mtmd_input_chunks_get(nint chunks, nuint index);

    [DllImport(Library)]
    public static extern void mtmd_input_chunks_free(nint chunks);

    [DllImport(Library)]
    public static extern int mtmd_input_chunk_get_type(nint chunk);

    [DllImport(Library)]
    public static extern int* mtmd_input_chunk_get_tokens_text(nint chunk, nuint* count);

    [DllImport(Library)]
    public static extern nuint mtmd_input_chunk_get_n_tokens(nint chunk);

    [DllImport(Library)]
    public static extern nint mtmd_input_chunk_get_id(nint chunk);

    [DllImport(Library)]
    public static extern nint mtmd_input_chunk_copy(nint chunk);

    [DllImport(Library)]
    public static extern void mtmd_input_chunk_free(nint chunk);

    /// <summary>0 done, 1 not as many images as marks, 2 an image that cannot be cut up.</summary>
    [DllImport(Library)]
    public static extern int mtmd_tokenize(
        nint projector, nint chunks, Text* text, nint* bitmaps, nuint count);

    [DllImport(Library)]
    public static extern int mtmd_encode_chunk(nint projector, nint chunk);

    /// <summary>What the last chunk was encoded to, a row for each of its tokens.</summary>
    [DllImport(Library)]
    public static extern float* mtmd_get_output_embd(nint projector);

    [DllImport(Library)]
    public static extern void mtmd_helper_log_set(
        delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);
}
