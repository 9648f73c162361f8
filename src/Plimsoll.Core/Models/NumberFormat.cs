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

    /// <summary>Formats that weights are stored in.</summary>
    public static Choices<NumberFormat> All { get; } = new(
        ("bf16", NumberFormat.Bf16), ("fp8", NumberFormat.Fp8), ("int8", NumberFormat.Int8),
        ("fp4", NumberFormat.Fp4), ("int4", NumberFormat.Int4));

    /// <summary>Formats that engines keep KV in.</summary>
    public static Choices<NumberFormat> OfKv { get; } =
        new(("bf16", NumberFormat.Bf16), ("fp8", NumberFormat.Fp8));

    public static string Name(this NumberFormat format) => All.NameOf(format);

    public static bool TryParse(string text, out NumberFormat format) => All.TryFind(text, out format);
}
