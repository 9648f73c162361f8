using System;
using System.Runtime.InteropServices;

namespace Plimsoll.Inputs.Gguf;

/// <summary>Numbers to stored bytes and back, for the formats that need no more than arithmetic.</summary>
public static class TensorNumbers
{
    /// <summary>
    /// Whether the format is one that <see cref="TryDecode"/> and <see cref="Encode"/> know.
    /// </summary>
    public static bool CanConvert(TensorFormat format) =>
        format is TensorFormat.F32 or TensorFormat.F16 or TensorFormat.BF16 or TensorFormat.Q8_0;

    public static bool TryDecode(ReadOnlySpan<byte> bytes, TensorFormat format, Span<float> values)
    {
        switch (format)
        {
            case TensorFormat.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                return true;
            case TensorFormat.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)halves[i];
                return true;
            case TensorFormat.BF16:
                var tops = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < values.Length; i++)
                    values[i] = BitConverter.UInt32BitsToSingle((uint)tops[i] << 16);
                return true;
            case TensorFormat.Q8_0:
                DecodeQ8(bytes, values);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The bytes of these numbers; for Q8_0 their count must be a multiple of 32.</summary>
    public static byte[] Encode(ReadOnlySpan<float> values, TensorFormat format)
    {
        var bytes = new byte[format.BytesFor(values.Length)];
        switch (format)
        {
            case TensorFormat.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case TensorFormat.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
                for (var i = 0; i < values.Length; i++)
                    halves[i] = (Half)values[i];
                break;
            case TensorFormat.BF16:
                var tops = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
                for (var i = 0; i < values.Length; i++)
                    tops[i] = RoundToBF16(values[i]);
                break;
            case TensorFormat.Q8_0:
                EncodeQ8(values, bytes);
                break;
            default:
                throw new ArgumentOutOfRangeException(
                    nameof(format), format, "F32, F16, BF16 and Q8_0 can be written");
        }
        return bytes;
    }

    /// <summary>To the nearest, ties to even, a quiet NaN kept: ggml_compute_fp32_to_bf16.</summary>
    static ushort RoundToBF16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 64);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>
    /// Blocks of 32 with one half-precision scale, as ggml's quantize_row_q8_0_ref: scale = largest
    /// magnitude ÷ 127, numbers rounded half away from zero by the scale in single precision.
    /// </summary>
    static void EncodeQ8(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (var block = 0; block < values.Length / 32; block++)
        {
            var numbers = values.Slice(block * 32, 32);
            var target = bytes.Slice(block * 34, 34);
            var largest = 0f;
            foreach (var number in numbers)
                largest = MathF.Max(largest, MathF.Abs(number));
            var scale = largest / 127f;
            var inverse = scale != 0 ? 1f / scale : 0f;
            BitConverter.TryWriteBytes(target, (Half)scale);
            for (var i = 0; i < 32; i++)
                target[2 + i] = (byte)(sbyte)MathF.Round(numbers[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    static void DecodeQ8(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (var block = 0; block < values.Length / 32; block++)
        {
            var source = bytes.Slice(block * 34, 34);
            var scale = (float)BitConverter.ToHalf(source);
            for (var i = 0; i < 32; i++)
                values[block * 32 + i] = (sbyte)source[2 + i] * scale;
        }
    }
}
