using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Tuning.Datasets;

/// <summary>What a dataset holds, in the tokens of the model that it is for.</summary>
/// <param name="Tokens">Of preferences, both conversations'; a record is as long as the longer.</param>
/// <param name="Learned">Tokens that are learned, of all.</param>
/// <param name="Answers">The most frequent answers with their counts, where answers recur
/// as labels do.</param>
public sealed record DatasetStatistics(
    int Records, long Tokens, long Learned, int MedianTokens, int P95Tokens, int MostTokens,
    IReadOnlyList<(string Answer, int Count)> Answers)
{
    public static DatasetStatistics Of(IReadOnlyList<TrainingRecord> records, Renderer renderer)
    {
        var examples = records.Where(r => r.Text is null)
            .Select(r => r.Conversations().Select(renderer.Example).ToList()).ToList();
        var lengths = examples.Select(e => e.Max(c => c.Tokens.Length)).Order().ToArray();
        var answers = records.Where(r => r.Messages.Count > 0)
            .GroupBy(r => (r.Chosen ?? r.Messages[^1]).Content)
            .Select(g => (g.Key, g.Count())).OrderByDescending(g => g.Item2)
                .ThenBy(g => g.Key, StringComparer.Ordinal).Take(20);
        return new DatasetStatistics(
            records.Count, examples.Sum(e => e.Sum(c => (long)c.Tokens.Length)),
            examples.Sum(e => e.Sum(c => (long)c.LearnedCount)), At(lengths, 0.5), At(lengths, 0.95),
            At(lengths, 1), [.. answers]);
    }

    static int At(int[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(
            sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
