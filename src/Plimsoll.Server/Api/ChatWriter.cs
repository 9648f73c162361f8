using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>
/// The bodies of <c>/v1/chat/completions</c> and <c>/v1/completions</c>, whole and in chunks.
/// </summary>
sealed class ChatWriter(CompletionRequest request, string id, long created)
{
    readonly bool _chat = request.Kind == CompletionKind.Chat;
    readonly HashSet<int> _begun = [];
    readonly Dictionary<int, ToolCallReader> _readers = [];
    int _told;

    /// <summary>The first chunk of a chat's answer says who speaks.</summary>
    public bool Begins(int choice) => _chat && _begun.Add(choice);

    public void WriteRole(Utf8JsonWriter writer, int choice)
    {
        BeginChunk(writer, choice);
        writer.WriteStartObject("delta"u8);
        writer.WriteString("role"u8, "assistant"u8);
        if (request.ForcedTool is { } tool)
        {
            writer.WriteNull("content"u8);
            writer.WriteStartArray("tool_calls"u8);
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, 0);
            writer.WriteString("id"u8, CallId(choice));
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, tool);
            writer.WriteString("arguments"u8, ""u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("content"u8, ""u8);
        }
        writer.WriteEndObject();
        writer.WriteNull("logprobs"u8);
        writer.WriteNull("finish_reason"u8);
        EndChunk(writer);
    }

    public void WriteToken(Utf8JsonWriter writer, int choice, in AnswerToken token, string? before = null)
    {
        _told += token.Token >= 0 || token.Text.Length > 0 ? 1 : 0;
        BeginChunk(writer, choice);
        if (_chat)
        {
            writer.WriteStartObject("delta"u8);
            if (request.ForcedTool is not null)
                WriteArguments(writer, token.Text);
            else if (request.CallStyle != ToolCallStyle.None)
                WriteParsed(writer, choice, token);
            else if (token.Text.Length > 0 || token.Finish == FinishReason.None)
                writer.WriteString("content"u8, token.Text);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("text"u8, before is null ? token.Text : before + token.Text);
        }
        WriteLogprobs(writer, [token]);
        WriteFinish(writer, token.Finish, choice);
        EndChunk(writer);
    }

    /// <summary>The last chunk, with the usage and without a choice.</summary>
    public void WriteUsage(Utf8JsonWriter writer, RequestEntry entry)
    {
        BeginBody(writer, _chat ? "chat.completion.chunk"u8 : "text_completion"u8);
        writer.WriteStartArray("choices"u8);
        writer.WriteEndArray();
        Usage.Write(writer, entry);
        writer.WriteEndObject();
    }

    public void WriteWhole(Utf8JsonWriter writer, IReadOnlyList<ChoiceText> choices, RequestEntry entry,
        Func<int, string> echo)
    {
        BeginBody(writer, _chat ? "chat.completion"u8 : "text_completion"u8);
        writer.WriteStartArray("choices"u8);
        for (var i = 0; i < choices.Count; i++)
        {
            var choice = choices[i];
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, i);
            if (_chat)
                WriteMessage(writer, i, choice);
            else
                writer.WriteString("text"u8, request.Echo ? echo(i) + choice.Text : choice.Text);
            WriteLogprobs(writer, choice.Tokens);
            WriteFinish(writer, choice.Finish, i);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        Usage.Write(writer, entry);
        writer.WriteEndObject();
    }

    void WriteMessage(Utf8JsonWriter writer, int index, ChoiceText choice)
    {
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        if (request.ForcedTool is { } tool)
        {
            writer.WriteNull("content"u8);
            writer.WriteStartArray("tool_calls"u8);
            writer.WriteStartObject();
            writer.WriteString("id"u8, CallId(index));
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, tool);
            writer.WriteString("arguments"u8, choice.Text);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        else
        {
            var (text, calls) = ReaderOf(index).Add(choice.Text, isLast: true);
            if (calls.Count > 0 && text.Length == 0)
                writer.WriteNull("content"u8);
            else
                writer.WriteString("content"u8, text);
            WriteCalls(writer, index, 0, calls);
        }
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
    }

    ToolCallReader ReaderOf(int choice)
    {
        if (!_readers.TryGetValue(choice, out var reader))
            _readers[choice] = reader = new ToolCallReader(request.CallStyle, request.Tools);
        return reader;
    }

    /// <summary>What of a token is text, and the calls that it ends.</summary>
    void WriteParsed(Utf8JsonWriter writer, int choice, in AnswerToken token)
    {
        var reader = ReaderOf(choice);
        var first = reader.Count;
        var (text, calls) = reader.Add(token.Text, token.Finish != FinishReason.None);
        if (text.Length > 0 || (calls.Count == 0 && token.Finish == FinishReason.None))
            writer.WriteString("content"u8, text);
        WriteCalls(writer, choice, first, calls);
    }

    void WriteCalls(Utf8JsonWriter writer, int choice, int first, IReadOnlyList<ToolCall> calls)
    {
        if (calls.Count == 0)
            return;
        writer.WriteStartArray("tool_calls"u8);
        foreach (var call in calls)
        {
            writer.WriteStartObject();
            if (request.Stream)
                writer.WriteNumber("index"u8, first);
            writer.WriteString("id"u8, $"{CallId(choice)}_{first++}");
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, call.Name);
            writer.WriteString("arguments"u8, call.Arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    static void WriteArguments(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartArray("tool_calls"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        writer.WriteStartObject("function"u8);
        writer.WriteString("arguments"u8, text);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    void WriteFinish(Utf8JsonWriter writer, FinishReason finish, int choice)
    {
        if (finish == FinishReason.None)
        {
            writer.WriteNull("finish_reason"u8);
            return;
        }
        var calls = request.ForcedTool is not null
            || (_readers.TryGetValue(choice, out var reader) && reader.Count > 0);
        writer.WriteString("finish_reason"u8, ChoiceText.NameOf(finish, calls));
    }

    void WriteLogprobs(Utf8JsonWriter writer, IReadOnlyList<AnswerToken> tokens)
    {
        if (request.TopLogprobs is null || tokens.Count == 0 || tokens[0].Token < 0)
            writer.WriteNull("logprobs"u8);
        else if (_chat)
            WriteChatLogprobs(writer, tokens);
        else
            WriteTextLogprobs(writer, tokens);
    }

    static void WriteChatLogprobs(Utf8JsonWriter writer, IReadOnlyList<AnswerToken> tokens)
    {
        writer.WriteStartObject("logprobs"u8);
        writer.WriteStartArray("content"u8);
        foreach (var token in tokens)
        {
            writer.WriteStartObject();
            WriteLogprob(writer, token.Text, token.Logprob);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (var other in token.TopLogprobs ?? [])
            {
                writer.WriteStartObject();
                WriteLogprob(writer, other.Text, other.Logprob);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
    }

    static void WriteLogprob(Utf8JsonWriter writer, string text, float logprob)
    {
        writer.WriteString("token"u8, text);
        writer.WriteNumber("logprob"u8, logprob);
        writer.WriteStartArray("bytes"u8);
        foreach (var value in Encoding.UTF8.GetBytes(text))
            writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    static void WriteTextLogprobs(Utf8JsonWriter writer, IReadOnlyList<AnswerToken> tokens)
    {
        writer.WriteStartObject("logprobs"u8);
        writer.WriteStartArray("tokens"u8);
        foreach (var token in tokens)
            writer.WriteStringValue(token.Text);
        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs"u8);
        foreach (var token in tokens)
            writer.WriteNumberValue(token.Logprob);
        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs"u8);
        foreach (var token in tokens)
        {
            writer.WriteStartObject();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var other in token.TopLogprobs ?? [])
            {
                if (seen.Add(other.Text))
                    writer.WriteNumber(other.Text, other.Logprob);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("text_offset"u8);
        var offset = 0;
        foreach (var token in tokens)
        {
            writer.WriteNumberValue(offset);
            offset += token.Text.Length;
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    void BeginBody(Utf8JsonWriter writer, ReadOnlySpan<byte> kind)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteString("object"u8, kind);
        writer.WriteNumber("created"u8, created);
        writer.WriteString("model"u8, request.Model);
        writer.WriteString("service_tier"u8, request.Level.ServiceTier);
        writer.WriteString("system_fingerprint"u8, "plimsoll"u8);
    }

    void BeginChunk(Utf8JsonWriter writer, int choice)
    {
        BeginBody(writer, _chat ? "chat.completion.chunk"u8 : "text_completion"u8);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, choice);
    }

    void EndChunk(Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (request.ContinuousUsage)
            Usage.WriteTokens(writer, (int)request.PromptTokens, _told);
        else if (request.IncludeUsage)
            writer.WriteNull("usage"u8);
        writer.WriteEndObject();
    }

    string CallId(int choice) => $"call_{id[(id.IndexOf('-') + 1)..]}_{choice}";
}
