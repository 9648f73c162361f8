using System.Collections.Generic;

namespace Plimsoll.Inputs.Gguf;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">As llama.cpp names it, <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Shape">Length of each dimension, the fastest first, as ggml counts: a matrix of m rows of n
/// is [n, m].</param>
/// <param name="Format">How its numbers are stored.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Bytes">Bytes it takes.</param>
public sealed record TensorSpec(
    string Name, IReadOnlyList<long> Shape, TensorFormat Format, long Offset, long Bytes)
{
    /// <summary>Numbers in it.</summary>
    public long Numbers
    {
        get
        {
            var numbers = 1L;
            foreach (var length in Shape)
                numbers *= length;
            return numbers;
        }
    }
}
