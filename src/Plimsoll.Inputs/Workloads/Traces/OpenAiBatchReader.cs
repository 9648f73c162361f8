using System.Text.Json;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// An OpenAI batch, one request per line: <c>custom_id, method, url, body</c>, all present at once. Token
/// counts come from a <c>usage</c> object beside or inside the body (or a batch output's
/// <c>response.body.usage</c>); a prompt given only as text has no length until a tokenizer reads it, and
/// guessing one is refused. The answer's length is the usage's, or else the <c>max_tokens</c> asked for.
/// </summary>
sealed class OpenAiBatchReader : JsonTraceReader
{
    int _prompt;
    int _output;
    int _mostOutput;

    public OpenAiBatchReader(TraceSource source)
        : base(source, TraceFormat.OpenAiBatch)
    {
    }

    protected override void ParseObject(ref Utf8JsonReader json, ref TraceRow row, ref string? dropped)
    {
        (_prompt, _output, _mostOutput) = (-1, -1, -1);
        ReadLevel(ref json, depth: 0);
        if (_prompt < 0)
        {
            Source.Fail(
                "has no usage.prompt_tokens; expected the prompt's length in tokens (a length is never "
                + "estimated from text)");
        }
        if (_output < 0 && _mostOutput < 0)
            Source.Fail("has neither usage.completion_tokens nor body.max_tokens; expected one");
        if (_output < 0)
            Report.Note("answers without usage are taken to be max_tokens long");
        row.AtNs = 0;
        row.PromptTokens = _prompt;
        row.OutputTokens = _output >= 0 ? _output : _mostOutput;
    }

    void ReadLevel(ref Utf8JsonReader json, int depth)
    {
        while (Property(ref json))
        {
            if (Is(ref json, "usage"u8))
            {
                ReadUsage(ref json);
            }
            else if (depth > 0 && (Is(ref json, "max_tokens"u8) || Is(ref json, "max_completion_tokens"u8)
                || Is(ref json, "max_output_tokens"u8)))
            {
                _mostOutput = IsNull(ref json) ? _mostOutput : Tokens(ref json, "max_tokens");
            }
            else if (depth < 2 && (Is(ref json, "body"u8) || Is(ref json, "response"u8)))
            {
                ReadInner(ref json, depth + 1);
            }
            else
            {
                Pass(ref json);
            }
        }
    }

    void ReadInner(ref Utf8JsonReader json, int depth)
    {
        if (json.TokenType == JsonTokenType.StartObject)
            ReadLevel(ref json, depth);
        else
            json.Skip();
    }

    void ReadUsage(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }
        while (Property(ref json))
        {
            if (Is(ref json, "prompt_tokens"u8) || Is(ref json, "input_tokens"u8))
                _prompt = Tokens(ref json, "usage.prompt_tokens");
            else if (Is(ref json, "completion_tokens"u8) || Is(ref json, "output_tokens"u8))
                _output = Tokens(ref json, "usage.completion_tokens");
            else
                Pass(ref json);
        }
    }
}
