using System;

namespace Plimsoll.Core.Models;

/// <summary>How a number is stored: weights, KV cache or activations.</summary>
public enum NumberFormat
{
    Bf16,
    Fp8,
    Int8,
    Fp4,
    Int4,
}

public static class NumberFormats
{
    /// <summary>
    /// Bytes per stored element, scales included: FP4 carries one FP8 scale per 16 elements (NVFP4),
    /// INT4 one BF16 scale per 128.
    /// </summary>
    public static double BytesPerElement(this NumberFormat format) => format switch
    {
        NumberFormat.Bf16 => 2.0,
        NumberFormat.Fp8 or NumberFormat.Int8 => 1.0,
        NumberFormat.Fp4 => 0.5 + 1.0 / 16,
        NumberFormat.Int4 => 0.5 + 2.0 / 128,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
    };

    public static string Name(this NumberFormat format) => format switch
    {
        NumberFormat.Bf16 => "bf16",
        NumberFormat.Fp8 => "fp8",
        NumberFormat.Int8 => "int8",
        NumberFormat.Fp4 => "fp4",
        NumberFormat.Int4 => "int4",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
    };

    public static bool TryParse(string text, out NumberFormat format)
    {
        foreach (var candidate in Enum.GetValues<NumberFormat>())
        {
            if (string.Equals(candidate.Name(), text, StringComparison.OrdinalIgnoreCase))
            {
                format = candidate;
                return true;
            }
        }
        format = default;
        return false;
    }
}
