namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Azure's CSV: TIMESTAMP (a date in any of the four forms its files mix), ContextTokens, GeneratedTokens;
/// NumImages is left aside. (Azure/AzurePublicDataset, CC-BY-4.0.)
/// </summary>
sealed class AzureReader : CsvTraceReader
{
    readonly int _time;
    readonly int _input;
    readonly int _output;

    public AzureReader(TraceSource source)
        : base(source, TraceFormat.Azure)
    {
        _time = Column("TIMESTAMP");
        _input = Column("ContextTokens");
        _output = Column("GeneratedTokens");
        if (FindColumn("NumImages") >= 0)
            Report.Note("NumImages is not counted: ContextTokens alone is the prompt");
    }

    protected override void ParseRow(ref TraceRow row, ref string? dropped)
    {
        row.AtNs = Date(_time);
        row.PromptTokens = Tokens(_input);
        row.OutputTokens = Tokens(_output);
    }
}
