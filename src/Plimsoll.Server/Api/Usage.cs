using System.Text.Json;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Server.Api;

/// <summary>The <c>usage</c> object: tokens as OpenAI counts them, dollars as the ledger does.</summary>
static class Usage
{
    const decimal PicoPerDollar = 1_000_000_000_000m;

    public static void Write(Utf8JsonWriter writer, RequestEntry entry)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, entry.PromptTokens);
        writer.WriteNumber("completion_tokens"u8, entry.OutputTokens);
        writer.WriteNumber("total_tokens"u8, entry.PromptTokens + entry.OutputTokens);
        writer.WriteStartObject("prompt_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, entry.CachedTokens);
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, 0);
        writer.WriteEndObject();
        WriteCost(writer, entry);
        writer.WriteEndObject();
    }

    /// <summary>Tokens so far, as vLLM tells them with every chunk.</summary>
    public static void WriteTokens(Utf8JsonWriter writer, int prompt, int completion)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, prompt);
        writer.WriteNumber("completion_tokens"u8, completion);
        writer.WriteNumber("total_tokens"u8, prompt + completion);
        writer.WriteEndObject();
    }

    /// <summary>The same under the names of the responses endpoint.</summary>
    public static void WriteOfResponse(Utf8JsonWriter writer, RequestEntry entry)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, entry.PromptTokens);
        writer.WriteStartObject("input_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, entry.CachedTokens);
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens"u8, entry.OutputTokens);
        writer.WriteStartObject("output_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, 0);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens"u8, entry.PromptTokens + entry.OutputTokens);
        WriteCost(writer, entry);
        writer.WriteEndObject();
    }

    /// <summary>
    /// Dollars by cause, and whether the promise was kept: nobody pays for what is not named.
    /// </summary>
    static void WriteCost(Utf8JsonWriter writer, RequestEntry entry)
    {
        var charge = entry.Charge;
        writer.WriteNumber("cost"u8, charge.Total / PicoPerDollar);
        writer.WriteStartObject("cost_details"u8);
        writer.WriteNumber("fixed"u8, charge.Fixed / PicoPerDollar);
        writer.WriteNumber("prefill"u8, charge.Prefill / PicoPerDollar);
        writer.WriteNumber("decode"u8, charge.Decode / PicoPerDollar);
        writer.WriteNumber("kv"u8, charge.Kv / PicoPerDollar);
        writer.WriteString("currency"u8, "USD"u8);
        writer.WriteString("allocation_method"u8, entry.Estimated ? "estimated"u8 : "step"u8);
        writer.WriteEndObject();
        WritePromise(writer, entry);
    }

    /// <summary>What was promised, and whether it was kept.</summary>
    public static void WritePromise(Utf8JsonWriter writer, RequestEntry entry)
    {
        writer.WriteStartObject("promise"u8);
        writer.WriteString("level"u8, entry.Level);
        if (entry.Kept is { } kept)
            writer.WriteBoolean("kept"u8, kept);
        else
            writer.WriteNull("kept"u8);
        WriteMilliseconds(writer, "ttft_ms", entry.TtftNs);
        WriteMilliseconds(writer, "worst_itl_ms", entry.WorstItlNs);
        writer.WriteEndObject();
    }

    static void WriteMilliseconds(Utf8JsonWriter writer, string name, long? ns)
    {
        if (ns is { } value)
            writer.WriteNumber(name, decimal.Round(value / 1_000_000m, 3));
        else
            writer.WriteNull(name);
    }
}
