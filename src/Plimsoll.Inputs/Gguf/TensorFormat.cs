using System;

namespace Plimsoll.Inputs.Gguf;

/// <summary>How a tensor's numbers are stored; the values are ggml's own.</summary>
public enum TensorFormat
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
}

public static class TensorFormats
{
    /// <summary>
    /// Numbers in a block and the bytes a block takes; zero numbers where the format is unknown. Source:
    /// the block structures of ggml-common.h.
    /// </summary>
    public static (int Numbers, int Bytes) Block(this TensorFormat format) => format switch
    {
        TensorFormat.F32 or TensorFormat.I32 => (1, 4),
        TensorFormat.F16 or TensorFormat.BF16 or TensorFormat.I16 => (1, 2),
        TensorFormat.F64 or TensorFormat.I64 => (1, 8),
        TensorFormat.I8 => (1, 1),
        TensorFormat.Q4_0 or TensorFormat.IQ4_NL => (32, 18),
        TensorFormat.Q4_1 => (32, 20),
        TensorFormat.Q5_0 => (32, 22),
        TensorFormat.Q5_1 => (32, 24),
        TensorFormat.Q8_0 => (32, 34),
        TensorFormat.Q8_1 => (32, 36),
        TensorFormat.MXFP4 => (32, 17),
        TensorFormat.Q2_K => (256, 84),
        TensorFormat.Q3_K or TensorFormat.IQ3_S => (256, 110),
        TensorFormat.Q4_K => (256, 144),
        TensorFormat.Q5_K => (256, 176),
        TensorFormat.Q6_K => (256, 210),
        TensorFormat.Q8_K => (256, 292),
        TensorFormat.IQ2_XXS or TensorFormat.TQ2_0 => (256, 66),
        TensorFormat.IQ2_XS => (256, 74),
        TensorFormat.IQ3_XXS => (256, 98),
        TensorFormat.IQ1_S => (256, 50),
        TensorFormat.IQ2_S => (256, 82),
        TensorFormat.IQ4_XS => (256, 136),
        TensorFormat.IQ1_M => (256, 56),
        TensorFormat.TQ1_0 => (256, 54),
        _ => (0, 0),
    };

    /// <summary>Bytes of this many numbers, which must fill whole blocks.</summary>
    public static long BytesFor(this TensorFormat format, long numbers)
    {
        var block = format.Block();
        ArgumentOutOfRangeException.ThrowIfZero(block.Numbers);
        ArgumentOutOfRangeException.ThrowIfNotEqual(numbers % block.Numbers, 0);
        return numbers / block.Numbers * block.Bytes;
    }
}
