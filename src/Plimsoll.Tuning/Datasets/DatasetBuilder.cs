using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Datasets;

/// <summary>One filter's work.</summary>
public sealed record FilterCount(string Filter, string Version, int Before, int After);

/// <summary>Records ready to train on, and what was done to get there.</summary>
/// <param name="Redacted">What each mark stands for; kept apart from the records.</param>
public sealed record DatasetBuild(
    IReadOnlyList<TrainingRecord> Train, IReadOnlyList<TrainingRecord> Validation,
        IReadOnlyList<FilterCount> Filters,
    IReadOnlyDictionary<string, string> Redacted, IReadOnlyDictionary<PiiKind, int> RedactedCounts);

/// <summary>
/// Raw records to a dataset: normalise → exact copies → near copies → personal data → decontamination →
/// length → split by group. The order is fixed: nothing is split before it is known to be no copy.
/// </summary>
public static class DatasetBuilder
{
    /// <param name="length">Tokens of a record; null where no model is named yet.</param>
    /// <exception cref="BadInputException">No record is left.</exception>
    public static DatasetBuild Build(
        IReadOnlyList<TrainingRecord> raw, IReadOnlyList<TrainingRecord> evaluation, DatasetOptions options,
        Func<TrainingRecord, int>? length, CancellationToken cancellation)
    {
        options.Validated();
        var filters = new List<FilterCount>();
        List<TrainingRecord> Filtered(string name, string version, List<TrainingRecord> before,
            IEnumerable<TrainingRecord> after)
        {
            var kept = after.ToList();
            filters.Add(new FilterCount(name, version, before.Count, kept.Count));
            return kept;
        }
        var records = raw.ToList();
        records = Filtered("normalize", TextNormalizer.Version, records,
            records.Select(r => r.With(TextNormalizer.Normalize)).Where(IsWhole));
        var evaluated = evaluation.Select(r => r.With(TextNormalizer.Normalize)).ToList();
        // Sorted by hash: the dataset does not depend on the order in which records came.
        records = Filtered("exact-duplicates", "1", records, records.DistinctBy(Hash)
            .OrderBy(Hash, StringComparer.Ordinal));
        records = NearCopies(records, options, Filtered, cancellation);
        var redactor = new PiiRedactor();
        if (options.RedactPii)
            records = Filtered("pii", "1", records, records.Select(r => r.With(redactor.Redact)));
        records = Decontaminated(records, evaluated, options, redactor, Filtered);
        if (options.MostTokens > 0 && length is not null)
        {
            records = Filtered("length", $"{options.MostTokens} tokens", records,
                records.Where(r => length(r) <= options.MostTokens));
        }
        if (records.Count == 0)
        {
            throw new BadInputException("dataset: no record is left after "
                + $"{filters.MinBy(f => f.After)!.Filter}");
        }
        var heldOut = GroupSplit.HeldOut([.. records.Select(r => r.Group ?? Hash(r))],
            options.ValidationShare, options.Seed);
        return new DatasetBuild(
            [.. records.Where((_, i) => !heldOut[i])], [.. records.Where((_, i) => heldOut[i])], filters,
            redactor.Values, redactor.Counts);
    }

    /// <summary>The records' hashes, sorted: the dataset's content, whatever its order.</summary>
    public static string RecordHashes(IEnumerable<TrainingRecord> records)
    {
        var text = new StringBuilder();
        foreach (var hash in records.Select(Hash).Order(StringComparer.Ordinal))
            text.Append(hash).Append('\n');
        return text.ToString();
    }

    static List<TrainingRecord> NearCopies(
        List<TrainingRecord> records, DatasetOptions options,
        Func<string, string, List<TrainingRecord>, IEnumerable<TrainingRecord>,
            List<TrainingRecord>> filtered,
        CancellationToken cancellation)
    {
        var similarity = options.NearDuplicateSimilarity;
        var clusters = NearDuplicates.Clusters(
            [.. records.Select(r => string.Join('\n', r.Texts()))], similarity == 0 ? 0.8 : similarity,
                cancellation);
        if (similarity > 0)
        {
            return filtered("near-duplicates", $"MinHash 128, 5 characters, {similarity}", records,
                records.Where((_, i) => clusters[i] == i));
        }
        // Kept copies share a group, or one would be trained on and the other be the proof.
        return [.. records.Select((r, i) => r with { Group = r.Group ?? Hash(records[clusters[i]]) })];
    }

    static List<TrainingRecord> Decontaminated(
        List<TrainingRecord> records, List<TrainingRecord> evaluated, DatasetOptions options,
            PiiRedactor redactor,
        Func<string, string, List<TrainingRecord>, IEnumerable<TrainingRecord>,
            List<TrainingRecord>> filtered)
    {
        if (evaluated.Count == 0)
            return records;
        var decontamination = new Decontamination();
        foreach (var record in evaluated)
            decontamination.AddEvaluation(options.RedactPii ? record.With(redactor.Redact) : record);
        return filtered("decontamination", $"{Decontamination.RunWords} words", records,
            records.Where(r => !decontamination.IsContaminated(r)));
    }

    static string Hash(TrainingRecord record) =>
        CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes(RecordJson.Of(record)));

    // Normalising may leave nothing of a turn.
    static bool IsWhole(TrainingRecord record) => record.Texts().All(t => t.Length > 0)
        || record.Tools is not null;
}
