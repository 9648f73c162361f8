namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// BurstGPT's CSV by column name, as later versions insert columns: Timestamp in seconds, Request tokens,
/// Response tokens. Rows without a response are failures: dropped and counted. (HPMLL/BurstGPT.)
/// </summary>
sealed class BurstGptReader : CsvTraceReader
{
    readonly int _time;
    readonly int _input;
    readonly int _output;

    public BurstGptReader(TraceSource source)
        : base(source, TraceFormat.BurstGpt)
    {
        _time = Column("Timestamp");
        _input = Column("Request tokens");
        _output = Column("Response tokens");
    }

    protected override void ParseRow(ref TraceRow row, ref string? dropped)
    {
        row.AtNs = Time(_time, 1_000_000_000);
        row.PromptTokens = Tokens(_input);
        row.OutputTokens = Tokens(_output);
        if (row.OutputTokens == 0)
            dropped = "no response (failed request)";
    }
}
