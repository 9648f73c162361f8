using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;


namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Streams the rows of one trace file in the file's order, checking each, with memory that does not grow
/// with the file. Bad rows throw <see cref="BadInputException"/> naming file and line.
/// </summary>
public abstract class TraceReader : IDisposable
{
    /// <summary>Levels of service that one trace may tell apart.</summary>
    public const int MostLevels = 64;

    /// <summary>More tokens than this in one request is a damaged file, not a request.</summary>
    public const int MostTokens = 20_000_000;

    /// <summary>Later than the year 2200 is a wrong unit, not a time.</summary>
    const long LatestNs = 7_258_118_400L * 1_000_000_000;

    private protected TraceReader(TraceSource source, TraceFormat format)
    {
        Source = source;
        Report = new TraceReport { File = source.Name, Format = format };
    }

    public TraceReport Report { get; }

    /// <summary>Tokens per prefix key; 0 when the file has no keys.</summary>
    public int PrefixBlockTokens { get; private protected set; }

    /// <summary>Whether a session's next request waits for its last answer.</summary>
    public bool ClosedLoop { get; private protected set; }

    /// <summary>What is made of arrivals that share their times.</summary>
    public Timestamps Timestamps { get; internal set; }

    private protected TraceSource Source { get; }

    readonly NameTable _levels = new();
    readonly NameTable _tenants = new();
    readonly NameTable _adapters = new();

    /// <summary>Names of the levels seen so far, in order of first appearance.</summary>
    public IReadOnlyList<string> Levels => _levels.Names;

    public IReadOnlyList<string> Tenants => _tenants.Names;

    public IReadOnlyList<string> Adapters => _adapters.Names;

    /// <summary>Opens a file, its format detected unless the options map its columns.</summary>
    public static TraceReader Open(string path, TraceOptions? options = null) =>
        TraceFormats.Open(path, options ?? new TraceOptions());

    /// <summary>The next good row; false at the end. An empty file is an error.</summary>
    public bool Read(out TraceRow row)
    {
        while (true)
        {
            row = new TraceRow();
            string? dropped = null;
            if (!Parse(ref row, ref dropped))
                break;
            Report.RowsRead++;
            dropped ??= Check(row);
            if (dropped is null)
            {
                Report.RowsEmitted++;
                return true;
            }
            Report.Drop(dropped);
        }
        if (Report.RowsRead == 0)
            throw new BadInputException($"{Source.Name}: has no rows; expected at least one request");
        if (Report.RowsEmitted == 0)
        {
            throw new BadInputException(
                $"{Source.Name}: none of its {Report.RowsRead} rows is usable; "
                + "expected at least one request");
        }
        return false;
    }

    /// <summary>An error at the line now being read.</summary>
    internal BadInputException Error(string what) => Source.Error(what);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Reads one row of the file; <paramref name="dropped"/> is the reason when it is no
    /// request. False at the end.
    /// </summary>
    private protected abstract bool Parse(ref TraceRow row, ref string? dropped);

    /// <summary>
    /// Whether a request may come without a prompt: dropped and counted rather than refused.
    /// </summary>
    private protected virtual bool DropsEmptyPrompts => false;

    private protected virtual void Dispose(bool disposing) => Source.Dispose();

    string? Check(in TraceRow row)
    {
        if (row.HasTime && (row.AtNs < 0 || row.AtNs > LatestNs))
            Source.Fail($"time {Seconds(row.AtNs)} s; expected 0 or later and before the year 2200");
        if (row.OutputTokens == 0)
            return "no output tokens";
        if (row.PromptTokens == 0 && DropsEmptyPrompts)
            return "no input tokens";
        if (row.PromptTokens == 0)
            Source.Fail("0 input tokens; expected 1 or more");
        return null;
    }

    static string Seconds(long ns) => (ns / 1e9).ToString("0.###", CultureInfo.InvariantCulture);

    private protected int Level(ReadOnlySpan<char> name, string field) =>
        Number(_levels, name.IsWhiteSpace() ? "default" : name, MostLevels, field);

    /// <summary>0 where no tenant is named.</summary>
    private protected int Tenant(ReadOnlySpan<char> name, string field) =>
        name.IsWhiteSpace() ? 0 : 1 + Number(_tenants, name, int.MaxValue, field);

    /// <summary>0 where no adapter is named.</summary>
    private protected int Adapter(ReadOnlySpan<char> name, string field) =>
        name.IsWhiteSpace() ? 0 : 1 + Number(_adapters, name, int.MaxValue, field);

    /// <summary>Null where none is told.</summary>
    private protected int? Priority(ReadOnlySpan<char> text, string field)
    {
        if (text.IsWhiteSpace())
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite
            | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var priority)
            ? priority
            : throw Source.Error($"{field} is \"{text}\"; expected a whole number, lower goes first");
    }

    int Number(NameTable table, ReadOnlySpan<char> name, int most, string field) =>
        table.Find(name.Trim()) is { } number && number < most
            ? number
            : throw Source.Error(
            $"{field} has more than {Math.Min(most, table.Names.Count)} different names; expected fewer");

    /// <summary>A checked token count from a parsed number.</summary>
    private protected int Tokens(double value, string field)
    {
        if (!(value >= 0 && value <= MostTokens) || value != Math.Floor(value))
        {
            var shown = value.ToString(CultureInfo.InvariantCulture);
            Source.Fail($"{field} is {shown}; expected a whole number from 0 to {MostTokens}");
        }
        return (int)value;
    }

    /// <summary>
    /// A time in nanoseconds from a number and its unit; NaN, negative and huge times are refused.
    /// </summary>
    private protected long Time(decimal value, long unitNs, string field)
    {
        if (value < 0 || value > LatestNs / unitNs)
        {
            Source.Fail(
                $"{field} is {value.ToString(CultureInfo.InvariantCulture)}; expected 0 or "
                + "later and before the year 2200");
        }
        return (long)decimal.Round(value * unitNs);
    }
}
