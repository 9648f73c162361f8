using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading;
using Plimsoll.Core;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// What a plan has measured, a line of JSON each, written as it is found: a plan that is stopped goes on
/// where it was, and plans that shared a search are joined. Its first line says of which plan it is.
/// </summary>
public sealed class PlanJournal : IDisposable
{
    public const string Schema = "plimsoll/plan-journal/1";

    const int LongestLine = 1 << 20;

    readonly Dictionary<string, PlanMeasure> _known = new(StringComparer.Ordinal);
    readonly Lock _lock = new();
    StreamWriter? _writer;

    PlanJournal(PlanJournalHeader header)
    {
        Header = header;
    }

    public PlanJournalHeader Header { get; }

    public int Count => _known.Count;

    /// <summary>Measured in this run, not read.</summary>
    public int Added { get; private set; }

    /// <summary>A journal in memory alone.</summary>
    public static PlanJournal InMemory() => new(new PlanJournalHeader(Schema, "", "", [], 1, 1));

    /// <summary>Opens the journal of a plan to go on with it, or begins one.</summary>
    public static PlanJournal Open(string path, PlanJournalHeader header)
    {
        if (!File.Exists(path) || IsCutInHeader(path, header))
            return Begin(path, header);
        var journal = Read(path, header.Version);
        if (journal.Header.Plan != header.Plan || journal.Header.Shard != header.Shard
            || journal.Header.Shards != header.Shards)
        {
            throw new BadInputException(
                $"{path}: is of another plan ({string.Join(' ', journal.Header.Arguments)}); "
                + "expected a new file or the journal of this one");
        }
        // A line that was cut short by a crash is no measurement; the file goes on after the last whole one.
        var temporary = path + ".new";
        using (var whole = new StreamWriter(temporary))
        {
            whole.WriteLine(HeaderLine(header));
            foreach (var (key, measure) in journal._known)
                whole.WriteLine(Line(key, measure));
        }
        File.Move(temporary, path, overwrite: true);
        journal._writer = new StreamWriter(path, append: true) { AutoFlush = true };
        return journal;
    }

    /// <summary>Whether a crash left no more than a piece of this plan's own first line.</summary>
    static bool IsCutInHeader(string path, PlanJournalHeader header)
    {
        var line = HeaderLine(header);
        var piece = new char[line.Length + 1];
        using var reader = new StreamReader(path);
        var read = reader.ReadBlock(piece);
        return read <= line.Length && line.AsSpan().StartsWith(piece.AsSpan(0, read));
    }

    static string HeaderLine(PlanJournalHeader header) =>
        JsonSerializer.Serialize(header, PlanJournalJson.Default.PlanJournalHeader);

    static PlanJournal Begin(string path, PlanJournalHeader header)
    {
        var writer = new StreamWriter(path) { AutoFlush = true };
        writer.WriteLine(HeaderLine(header));
        return new PlanJournal(header) { _writer = writer };
    }

    /// <summary>
    /// Reads a journal; what is none is refused in one line, and so is one that another version wrote: step
    /// times, prices or the search may have changed since, and what two versions measured is not compared.
    /// </summary>
    public static PlanJournal Read(string path, string? version)
    {
        using var reader = new StreamReader(path);
        var journal = new PlanJournal(HeaderOf(path, Next(reader)));
        if (journal.Header.Version != version)
        {
            throw new BadInputException(
                $"{path}: was measured by {(journal.Header.Version is { } other ? $"plimsoll {other}"
                    : "an earlier plimsoll")}; expected a new file or a journal of this one, {version}");
        }
        var number = 1;
        while (Next(reader) is { } line)
        {
            number++;
            if (line.Length > LongestLine)
                throw Bad(path, number);
            try
            {
                var entry = JsonSerializer.Deserialize(line, PlanJournalJson.Default.PlanJournalEntry);
                if (entry is not { Key.Length: > 0, Measure.Lines.Count: > 0 })
                    throw Bad(path, number);
                journal._known[entry.Key] = entry.Measure;
            }
            catch (JsonException)
            {
                if (reader.Peek() >= 0)
                    throw Bad(path, number);
            }
        }
        return journal;
    }

    /// <summary>
    /// The next line, or as much of it as shows that it is too long: a file without lines costs no memory.
    /// </summary>
    static string? Next(StreamReader reader)
    {
        if (reader.Peek() < 0)
            return null;
        var line = new StringBuilder();
        for (var letter = reader.Read(); letter is >= 0 and not '\n'; letter = reader.Read())
        {
            line.Append((char)letter);
            if (line.Length > LongestLine)
                break;
        }
        return line.ToString().TrimEnd('\r');
    }

    static PlanJournalHeader HeaderOf(string path, string? line)
    {
        try
        {
            if (line is { Length: < LongestLine }
                && JsonSerializer.Deserialize(line, PlanJournalJson.Default.PlanJournalHeader) is
                { Schema: Schema, Arguments: not null, Plan: not null } header)
            {
                return header;
            }
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new BadInputException($"{path}, line 1: not a plan's journal; expected the journal of one");
    }

    static BadInputException Bad(string path, int line) => new(
        $"{path}, line {line}: not a measurement of a plan; expected the journal of one");

    /// <summary>What is known under a key, else what is measured now and then known.</summary>
    public PlanMeasure Get(string key, Func<PlanMeasure> measure)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(key, out var known))
                return known;
        }
        var found = measure();
        lock (_lock)
        {
            _known[key] = found;
            Added++;
            _writer?.WriteLine(Line(key, found));
        }
        return found;
    }

    /// <summary>Takes over what another journal of the plan knows.</summary>
    public void Join(PlanJournal other)
    {
        foreach (var (key, measure) in other._known)
            _known[key] = measure;
    }

    static string Line(string key, PlanMeasure measure) => JsonSerializer.Serialize(
        new PlanJournalEntry(key, measure), PlanJournalJson.Default.PlanJournalEntry);

    public void Dispose() => _writer?.Dispose();
}

/// <summary>Of which plan a journal is.</summary>
/// <param name="Schema"><see cref="PlanJournal.Schema"/>.</param>
/// <param name="Version">Which version and commit measured; null where it did not say yet.</param>
/// <param name="Plan">Hash of everything that is asked.</param>
/// <param name="Arguments">The command line, shard and journal left out.</param>
/// <param name="Shard">From 1.</param>
/// <param name="Shards">How many share the search.</param>
public sealed record PlanJournalHeader(
    string Schema, string? Version, string Plan, IReadOnlyList<string> Arguments, int Shard, int Shards);

sealed record PlanJournalEntry(string Key, PlanMeasure Measure);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlanJournalHeader))]
[JsonSerializable(typeof(PlanJournalEntry))]
sealed partial class PlanJournalJson : JsonSerializerContext;
