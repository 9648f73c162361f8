namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Lengths without times: num_prefill_tokens, num_decode_tokens; with arrived_at (seconds) it has times
/// too. (project-etalon/etalon and Vidur's processed traces.)
/// </summary>
sealed class LengthsReader : CsvTraceReader
{
    readonly int _time;
    readonly int _input;
    readonly int _output;

    public LengthsReader(TraceSource source)
        : base(source, TraceFormat.Lengths)
    {
        _time = FindColumn("arrived_at");
        _input = Column("num_prefill_tokens");
        _output = Column("num_decode_tokens");
    }

    /// <summary>Filtered chat logs keep rows whose prompt was cut away whole.</summary>
    private protected override bool DropsEmptyPrompts => true;

    protected override void ParseRow(ref TraceRow row, ref string? dropped)
    {
        if (_time >= 0)
            row.AtNs = Time(_time, 1_000_000_000);
        row.PromptTokens = Tokens(_input);
        row.OutputTokens = Tokens(_output);
    }
}
