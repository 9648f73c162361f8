using System.Text.Json;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// The requests of a measured vLLM run, one JSON object per line: input_toks, output_toks, arrival_time in
/// seconds since 1970. (casys-kaist/LLMServingSim, MIT.)
/// </summary>
sealed class VllmRequestsReader : JsonTraceReader
{
    public VllmRequestsReader(TraceSource source)
        : base(source, TraceFormat.VllmRequests)
    {
    }

    protected override void ParseObject(ref Utf8JsonReader json, ref TraceRow row, ref string? dropped)
    {
        int prompt = -1, output = -1;
        while (Property(ref json))
        {
            if (Is(ref json, "arrival_time"u8))
                row.AtNs = Time(ref json, 1_000_000_000, "arrival_time");
            else if (Is(ref json, "input_toks"u8))
                prompt = Tokens(ref json, "input_toks");
            else if (Is(ref json, "output_toks"u8))
                output = Tokens(ref json, "output_toks");
            else
                Pass(ref json);
        }
        if (prompt < 0 || output < 0 || !row.HasTime)
            Source.Fail("expected input_toks, output_toks and arrival_time; one is missing");
        row.PromptTokens = prompt;
        row.OutputTokens = output;
    }
}
