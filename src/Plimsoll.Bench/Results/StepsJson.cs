using System.Text.Json;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Results;

/// <summary>The engine's steps in our object of a result; with detail a list per column.</summary>
static class StepsJson
{
    public static void Write(Utf8JsonWriter json, StepsReport report, bool detailed)
    {
        json.WriteStartObject("steps");
        json.WriteNumber("count", report.Steps.Count);
        json.WriteNumber("left_out", report.LeftOut);
        json.WriteString("problem", report.Problem);
        json.WriteNumber("busy_s", report.BusyS);
        json.WriteNumber("mean_ms", report.MeanMs);
        json.WriteNumber("mean_decodes", report.MeanDecodes);
        json.WriteNumber("total_prefill_tokens", report.PrefillTokens);
        json.WriteNumber("total_decodes", report.DecodedTokens);
        foreach (var (name, of) in detailed ? StepColumns.All : [])
        {
            json.WriteStartArray(name);
            foreach (var step in report.Steps)
                json.WriteNumberValue(of(step));
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
