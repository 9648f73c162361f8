using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Plimsoll.Engine.LlamaCpp;

namespace Plimsoll.EngineFigures;

/// <summary>
/// Steps of 1 to 256 decodes behind a context of one length, KV apart and unified, as CSV: median and
/// least time to the logits of the last row, and that of a prompt's chunk.
/// </summary>
static class DecodeSteps
{
    const int Length = 512;
    const int Passes = 8;

    public static void Print(TextWriter output, string path, Computing computing)
    {
        LlamaLibrary.Load(computing.Library);
        using var model = LlamaModel.Load(path, computing.GpuLayers);
        output.WriteLine("kind,n,ctx,layout,median_ms,min_ms,reps");
        foreach (var layout in (KvLayout[])[KvLayout.Split, KvLayout.Unified])
        {
            foreach (var count in (int[])(layout == KvLayout.Split ? [1, 8, 32, 64, 128, 256] : [1, 32, 256]))
                PrintDecodes(output, model, layout, count);
        }
    }

    /// <summary>
    /// What a prompt's last row and a decode behind it say, to hold one computing beside another.
    /// </summary>
    public static void PrintLogits(TextWriter output, string path, Computing computing)
    {
        LlamaLibrary.Load(computing.Library);
        using var model = LlamaModel.Load(path, computing.GpuLayers);
        using var context = new LlamaContext(model, new ContextOptions(512, 4, 256, 128));
        foreach (var (from, count) in ((int, int)[])[(0, 200), (200, 1), (201, 7)])
        {
            context.Clear();
            for (var i = from; i < from + count; i++)
                context.Add(i % 250, i, 0, i == from + count - 1);
            context.Decode();
            var logits = context.Logits(count - 1);
            var most = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits);
            var norm = System.Numerics.Tensors.TensorPrimitives.Norm<float>(logits);
            output.WriteLine(
                $"{from + count} tokens{computing}: token {most} leads with {logits[most]:0.0000}; "
                + $"token 7 has {logits[7]:0.0000}, token 99 {logits[99]:0.0000}; norm {norm:0.000}");
        }
    }

    static void PrintDecodes(TextWriter output, LlamaModel model, KvLayout layout, int count)
    {
        using var context = new LlamaContext(model, new ContextOptions(
            count * (Length + 2 * Passes), count, Length, Length, Layout: layout));
        var name = KvLayoutChoice.Choices.NameOf(layout);
        var prompt = Timed(context, 3, pass =>
        {
            context.ForgetAll();
            for (var i = 0; i < Length; i++)
                context.Add((i + pass) % 250, i, 0, i == Length - 1);
        });
        if (count == 1)
            Row("prefill", Length, 0, prompt);
        for (var sequence = 1; sequence < count; sequence++)
        {
            if (layout == KvLayout.Split)
            {
                context.Share(0, sequence, Length);
                continue;
            }
            context.Clear();
            for (var i = 0; i < Length; i++)
                context.Add((i + sequence) % 250, i, sequence, i == Length - 1);
            context.Decode();
        }
        var decodes = Timed(context, Passes, pass =>
        {
            for (var sequence = 0; sequence < count; sequence++)
                context.Add((pass + sequence) % 250, Length + pass, sequence, logits: true);
        });
        Row("decode", count, Length, decodes);

        void Row(string kind, int n, int before, double[] times) => output.WriteLine(
            $"{kind},{n},{before},{name},{times[times.Length / 2]:0.000},{times[0]:0.000},{times.Length}");
    }

    /// <summary>Sorted milliseconds, the first pass left out.</summary>
    static double[] Timed(LlamaContext context, int passes, Action<int> fill)
    {
        var times = new double[passes];
        for (var pass = 0; pass < passes; pass++)
        {
            context.Clear();
            fill(pass);
            var clock = Stopwatch.StartNew();
            context.Decode();
            _ = context.Logits(context.Count - 1);
            times[pass] = clock.Elapsed.TotalMilliseconds;
        }
        return [.. times.Skip(1).Order()];
    }
}
