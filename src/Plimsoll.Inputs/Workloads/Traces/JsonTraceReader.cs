using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>A trace of one JSON object per line; the formats differ in the fields they take.</summary>
abstract class JsonTraceReader : TraceReader
{
    readonly JsonLines _lines;
    readonly Dictionary<ulong, int> _sessions = [];

    protected JsonTraceReader(TraceSource source, TraceFormat format)
        : base(source, format)
    {
        _lines = new JsonLines(source);
    }

    protected PrefixChain Chain { get; } = new();

    /// <summary>The keys of a prompt whose blocks are in the chain; they have to cover it.</summary>
    protected ReadOnlyMemory<ulong> Keys(int blocks, int blockTokens, int promptTokens)
    {
        if ((long)blocks * blockTokens < promptTokens)
        {
            throw new BadInputException(
                Source.Place,
                $"{blocks} hash_ids of {blockTokens} tokens do not cover input_length {promptTokens}",
                $"the {Setting.BlockSize} that the trace was hashed with");
        }
        PrefixBlockTokens = blockTokens;
        return Chain.Whole(promptTokens, blockTokens);
    }

    private protected sealed override bool Parse(ref TraceRow row, ref string? dropped)
    {
        if (!_lines.Next(out var line))
            return false;
        var json = new Utf8JsonReader(line);
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                Source.Fail("not a JSON object; expected one object per line");
            ParseObject(ref json, ref row, ref dropped);
            if (json.Read())
                Source.Fail("text after the JSON object; expected one object per line");
        }
        catch (JsonException e)
        {
            Source.Fail($"malformed JSON at byte {e.BytePositionInLine + 1}; expected one object per line");
        }
        catch (InvalidOperationException)
        {
            Source.Fail("a text with half a character escaped; expected one object per line");
        }
        return true;
    }

    /// <summary>Reads the object that has been entered, up to and with its end.</summary>
    protected abstract void ParseObject(ref Utf8JsonReader json, ref TraceRow row, ref string? dropped);

    /// <summary>Moves to the next property and its value; false at the object's end.</summary>
    protected static bool Property(ref Utf8JsonReader json) =>
        json.Read() && json.TokenType != JsonTokenType.EndObject;

    /// <summary>Whether the property is so named; then the reader stands on its value.</summary>
    protected static bool Is(ref Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(name) && json.Read();

    /// <summary>Passes over a property nobody asked for.</summary>
    protected static void Pass(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }

    protected int Tokens(ref Utf8JsonReader json, string field)
    {
        if (json.TokenType != JsonTokenType.Number)
            Source.Fail($"{field} is no number; expected a whole number from 0 to {MostTokens}");
        return Tokens(json.GetDouble(), field);
    }

    protected long Time(ref Utf8JsonReader json, long unitNs, string field)
    {
        if (json.TokenType != JsonTokenType.Number || !json.TryGetDecimal(out var value))
            throw Source.Error($"{field} is no time; expected a number, 0 or later and before the year 2200");
        return Time(value, unitNs, field);
    }

    /// <summary>Chains an array of block hashes, integers or text; returns how many there are.</summary>
    protected int Hashes(ref Utf8JsonReader json, string field, ulong scope = 0)
    {
        Chain.Begin(scope);
        if (json.TokenType == JsonTokenType.Null)
            return 0;
        if (json.TokenType != JsonTokenType.StartArray)
            Source.Fail($"{field} is no list; expected a list of block hashes");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            Chain.Add(Identity(ref json, field));
        return Chain.Count;
    }

    /// <summary>
    /// A session's number, from 0 by first appearance, from an id that is a number or a text.
    /// </summary>
    protected int Session(ref Utf8JsonReader json, string field) => Session(Identity(ref json, field));

    protected int Session(ulong identity)
    {
        if (!_sessions.TryGetValue(identity, out var session))
            _sessions.Add(identity, session = _sessions.Count);
        return session;
    }

    protected ulong Identity(ref Utf8JsonReader json, string field)
    {
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number))
            return (ulong)number;
        if (json.TokenType == JsonTokenType.Number && json.TryGetUInt64(out var large))
            return large;
        if (json.TokenType != JsonTokenType.String)
            Source.Fail($"{field} is neither an integer nor a text");
        var hash = 14695981039346656037UL;
        foreach (var c in json.ValueSpan)
            hash = (hash ^ c) * 1099511628211UL;
        return PrefixChain.Mix(hash);
    }

    protected static bool IsNull(ref Utf8JsonReader json) => json.TokenType == JsonTokenType.Null;
}
