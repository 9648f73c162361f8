using System.Collections.Generic;

namespace Plimsoll.Engine;

/// <summary>An image as pixels.</summary>
/// <param name="Rgb">Rows from the top, pixels from the left, a byte of red, green and blue each.</param>
public sealed record ImagePixels(int Width, int Height, byte[] Rgb);

/// <summary>
/// A part of a prompt that an image takes. Its tokens are below zero, and their names are drawn from the
/// image: the same image has the same ones, so that it is found in the prefix cache, and none of a text's.
/// </summary>
/// <param name="Start">Its first token's place in the prompt.</param>
/// <param name="Count">Tokens of it.</param>
public abstract record PromptImage(int Start, int Count)
{
    /// <summary>The place of the token behind it.</summary>
    public int End => Start + Count;
}

/// <summary>A prompt as tokens, and which of them images are.</summary>
public readonly record struct EncodedPrompt(int[] Tokens, IReadOnlyList<PromptImage> Images);
