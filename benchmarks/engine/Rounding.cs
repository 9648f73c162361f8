using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Engine.LlamaCpp;

namespace Plimsoll.EngineFigures;

/// <summary>
/// How far libllama's own logits of one and the same text lie apart when it is computed in batches of other
/// shapes: each prompt alone, then many of them side by side and in two pieces. No scheduler, no engine.
/// </summary>
static class Rounding
{
    const int SideBySide = 64;
    const int Decodes = 8;

    /// <summary>
    /// Twice the largest difference of a logit: two of them change places when one rises and one falls by
    /// that.
    /// </summary>
    public static float Measure(TextWriter output, string path, List<int[]> prompts)
    {
        var texts = prompts.Take(SideBySide).ToList();
        LlamaLibrary.Load(new LlamaLibraryOptions());
        using var model = LlamaModel.Load(path);
        var most = 0f;
        var alone = texts.Select(text => Alone(model, text)).ToList();
        foreach (var layout in (KvLayout[])[KvLayout.Unified, KvLayout.Split])
        {
            var largest = Largest(alone, Crowd(model, texts, layout));
            output.WriteLine(
                $"libllama alone, {texts.Count} texts side by side in "
                    + $"{KvLayoutChoice.Choices.NameOf(layout)} KV: "
                    + $"the largest difference of a logit is {largest:0.0000}");
            most = Math.Max(most, largest);
        }
        return 2 * most;
    }

    static int Token(int text, int at) => ((text * 31) + (at * 17)) % 250;

    static List<float[]> Alone(LlamaModel model, int[] text)
    {
        using var context = new LlamaContext(model, new ContextOptions(1024, 1, 512, 512));
        var rows = new List<float[]>();
        for (var i = 0; i < text.Length; i++)
            context.Add(text[i], i, 0, i == text.Length - 1);
        rows.Add(Row(context, text.Length - 1));
        for (var i = 0; i < Decodes; i++)
        {
            context.Clear();
            rows.Add(Row(context, context.Add(Token(text.Length, i), text.Length + i, 0, true)));
        }
        return rows;
    }

    /// <summary>By text, the same rows as alone.</summary>
    static List<List<float[]>> Crowd(LlamaModel model, List<int[]> texts, KvLayout layout)
    {
        using var context = new LlamaContext(model, new ContextOptions(
            texts.Count * 256, texts.Count, texts.Sum(text => text.Length), 64, Layout: layout));
        var rows = texts.Select(_ => new List<float[]>()).ToList();
        foreach (var second in (bool[])[false, true])
        {
            context.Clear();
            var last = new List<int>();
            for (var text = 0; text < texts.Count; text++)
            {
                var (from, to) = second
                    ? (texts[text].Length / 2, texts[text].Length)
                    : (0, texts[text].Length / 2);
                var row = 0;
                for (var i = from; i < to; i++)
                    row = context.Add(texts[text][i], i, text, second && i == to - 1);
                last.Add(row);
            }
            context.Decode();
            for (var text = 0; second && text < texts.Count; text++)
                rows[text].Add(context.Logits(last[text]).ToArray());
        }
        for (var i = 0; i < Decodes; i++)
        {
            context.Clear();
            var last = new List<int>();
            for (var text = 0; text < texts.Count; text++)
            {
                var length = texts[text].Length;
                last.Add(context.Add(Token(length, i), length + i, text, true));
            }
            context.Decode();
            for (var text = 0; text < texts.Count; text++)
                rows[text].Add(context.Logits(last[text]).ToArray());
        }
        return rows;
    }

    static float[] Row(LlamaContext context, int row)
    {
        context.Decode();
        return context.Logits(row).ToArray();
    }

    static float Largest(List<List<float[]>> alone, List<List<float[]>> crowd)
    {
        var largest = 0f;
        for (var text = 0; text < alone.Count; text++)
        {
            for (var row = 0; row < alone[text].Count; row++)
            {
                for (var token = 0; token < alone[text][row].Length; token++)
                    largest = Math.Max(largest, Math.Abs(alone[text][row][token] - crowd[text][row][token]));
            }
        }
        return largest;
    }
}
