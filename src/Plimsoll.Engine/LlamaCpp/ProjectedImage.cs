using Microsoft.Win32.SafeHandles;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>An image, or a part of one, cut up for a projector: libmtmd's chunk.</summary>
sealed class ImageChunk : SafeHandleZeroOrMinusOneIsInvalid
{
    public ImageChunk(nint handle)
        : base(ownsHandle: true) => SetHandle(handle);

    protected override bool ReleaseHandle()
    {
        Libmtmd.mtmd_input_chunk_free(handle);
        return true;
    }
}

/// <summary>An image of a prompt, and what it is to the model once the projector has seen it.</summary>
sealed record ProjectedImage(int Start, int Count, ImageChunk Chunk) : PromptImage(Start, Count)
{
    /// <summary>
    /// A row for each token, made on the engine's thread when a step first needs it: kept as long as the
    /// request is there, which may have to compute its prompt again.
    /// </summary>
    public float[]? Rows { get; set; }
}
