using System;

namespace Plimsoll.Tuning.Formats;

/// <summary>What a LoRA adds to a matrix.</summary>
public static class LoraMerge
{
    /// <summary>weights += scale · B · A, in place.</summary>
    /// <param name="weights">[out, in].</param>
    /// <param name="a">[rank, in].</param>
    /// <param name="b">[out, rank].</param>
    public static void Add(float[] weights, float[] a, float[] b, LoraConfig lora)
    {
        var columns = a.Length / lora.Rank;
        for (var row = 0; row < weights.Length / columns; row++)
        {
            var target = weights.AsSpan(row * columns, columns);
            for (var r = 0; r < lora.Rank; r++)
            {
                var factor = (float)(lora.Scale * b[row * lora.Rank + r]);
                var source = a.AsSpan(r * columns, columns);
                for (var i = 0; i < columns; i++)
                    target[i] += factor * source[i];
            }
        }
    }
}
