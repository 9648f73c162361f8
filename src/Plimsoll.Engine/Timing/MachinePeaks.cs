using System;
using System.Diagnostics;
using System.IO;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Threading.Tasks;

namespace Plimsoll.Engine.Timing;

/// <summary>
/// What this machine does at most on so many threads: loops that only multiply, or only read memory, the best
/// of several short rounds. No kernel can be faster; the distance to it is what a roofline shows.
/// </summary>
/// <param name="Tflops">Products and sums of 32-bit floats, 10¹² a second.</param>
/// <param name="ByteTops">The same of 8-bit integers, as quantised weights are multiplied.</param>
/// <param name="MemoryGbPerSecond">Reading memory, 10⁹ bytes a second.</param>
public sealed record MachinePeaks(double Tflops, double ByteTops, double MemoryGbPerSecond)
{
    const int Rounds = 7;
    const int Loops = 400_000;
    const int BufferBytes = 128 << 20;

    /// <summary>Takes about a second.</summary>
    public static MachinePeaks Measure(int threads)
    {
        var floats = Best(threads, FloatProducts, 2.0 * 8 * FloatLanes * Loops);
        var bytes = Best(threads, ByteProducts, 2.0 * 8 * ByteLanes * Loops);
        var buffer = new long[BufferBytes / sizeof(long)];
        Array.Fill(buffer, 1);
        var part = buffer.Length / threads;
        var memory = Best(
            threads, thread => Sum(buffer.AsSpan(thread * part, part)), part * (double)sizeof(long));
        // Bytes are never multiplied slower than floats: they could be made floats.
        return new MachinePeaks(floats / 1e3, Math.Max(bytes, floats) / 1e3, memory);
    }

    /// <summary>What the processor is called.</summary>
    public static string ProcessorName()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/cpuinfo"))
            {
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return line[(line.IndexOf(':') + 1)..].Trim();
            }
        }
        catch (IOException)
        {
        }
        return System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
    }

    static int FloatLanes => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8
        : Vector<float>.Count;

    static int ByteLanes => AvxVnni.IsSupported || Avx2.IsSupported ? 32 : FloatLanes;

    /// <summary>Work per nanosecond of all threads together.</summary>
    static double Best(int threads, Action<int> work, double workOfThread)
    {
        var best = 0.0;
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            if (threads == 1)
                work(0);
            else
                Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
            best = Math.Max(best, workOfThread * threads / Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }
        return best;
    }

    /// <summary>Eight chains, so that no product waits for the one before.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static void FloatProducts(int thread)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var m = Vector512.Create(0.999f);
            Vector512<float> a = m, b = m, c = m, d = m, e = m, f = m, g = m, h = m;
            for (var i = 0; i < Loops; i++)
            {
                a = Vector512.FusedMultiplyAdd(a, m, m);
                b = Vector512.FusedMultiplyAdd(b, m, m);
                c = Vector512.FusedMultiplyAdd(c, m, m);
                d = Vector512.FusedMultiplyAdd(d, m, m);
                e = Vector512.FusedMultiplyAdd(e, m, m);
                f = Vector512.FusedMultiplyAdd(f, m, m);
                g = Vector512.FusedMultiplyAdd(g, m, m);
                h = Vector512.FusedMultiplyAdd(h, m, m);
            }
            Keep(Vector512.Sum(a + b + c + d + e + f + g + h));
            return;
        }
        var n = Vector256.Create(0.999f);
        Vector256<float> p = n, q = n, r = n, s = n, t = n, u = n, v = n, w = n;
        for (var i = 0; i < Loops; i++)
        {
            p = Vector256.FusedMultiplyAdd(p, n, n);
            q = Vector256.FusedMultiplyAdd(q, n, n);
            r = Vector256.FusedMultiplyAdd(r, n, n);
            s = Vector256.FusedMultiplyAdd(s, n, n);
            t = Vector256.FusedMultiplyAdd(t, n, n);
            u = Vector256.FusedMultiplyAdd(u, n, n);
            v = Vector256.FusedMultiplyAdd(v, n, n);
            w = Vector256.FusedMultiplyAdd(w, n, n);
        }
        Keep(Vector256.Sum(p + q + r + s + t + u + v + w));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static void ByteProducts(int thread)
    {
        if (!Avx2.IsSupported)
        {
            FloatProducts(thread);
            return;
        }
        var x = Vector256.Create((byte)3);
        var y = Vector256.Create((sbyte)5);
        Vector256<int> a = default, b = a, c = a, d = a, e = a, f = a, g = a, h = a;
        for (var i = 0; i < Loops; i++)
        {
            a = Multiply(a, x, y);
            b = Multiply(b, x, y);
            c = Multiply(c, x, y);
            d = Multiply(d, x, y);
            e = Multiply(e, x, y);
            f = Multiply(f, x, y);
            g = Multiply(g, x, y);
            h = Multiply(h, x, y);
            // Operands that change, or the product is taken out of the loop.
            x ^= a.AsByte();
        }
        Keep(Vector256.Sum(a + b + c + d + e + f + g + h));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Multiply(Vector256<int> sum, Vector256<byte> x, Vector256<sbyte> y) =>
        AvxVnni.IsSupported
            ? AvxVnni.MultiplyWideningAndAdd(sum, x, y)
            : Avx2.Add(sum, Avx2.MultiplyAddAdjacent(
                Avx2.MultiplyAddAdjacent(x, y), Vector256.Create((short)1)));

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static void Sum(ReadOnlySpan<long> numbers)
    {
        Vector<long> a = default, b = default, c = default, d = default;
        var width = Vector<long>.Count;
        for (var i = 0; i + (4 * width) <= numbers.Length; i += 4 * width)
        {
            a += new Vector<long>(numbers[i..]);
            b += new Vector<long>(numbers[(i + width)..]);
            c += new Vector<long>(numbers[(i + (2 * width))..]);
            d += new Vector<long>(numbers[(i + (3 * width))..]);
        }
        Keep(Vector.Sum(a + b + c + d));
    }

    static double _kept;

    static void Keep(double value) => System.Threading.Volatile.Write(ref _kept, value);
}
