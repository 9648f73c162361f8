using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Weka's agentic coding sessions: <c>{id, models, block_size, requests: [{t, type, in, out, hash_ids,
/// api_time, think_time, stop}]}</c>, seconds from the session's own start; a request of type subagent holds
/// requests of its own. A closed loop: each request follows the answer before it by its think time. The
/// requests of sub-agents run in line with their session's. Memory holds one session.
/// (callanjfox/kv-cache-tester, trace format.)
/// </summary>
sealed class WekaReader : TraceReader
{
    readonly JsonDocuments _documents;
    readonly PrefixChain _chain = new();
    readonly List<TraceRow> _rows = [];
    readonly List<(int Start, int Count)> _keysOfRow = [];
    readonly int? _blockOverride;
    ulong[] _keys = new ulong[1024];
    int _keyCount;
    int _next;
    int _sessions;
    int _subAgentRequests;
    int _blockTokens;
    ulong _scope;
    double _endsS;

    public WekaReader(TraceSource source, int? blockTokens)
        : base(source, TraceFormat.Weka)
    {
        _documents = new JsonDocuments(source);
        _blockOverride = blockTokens;
        ClosedLoop = true;
    }

    private protected override bool Parse(ref TraceRow row, ref string? dropped)
    {
        while (_next == _rows.Count)
        {
            if (!_documents.Next(out var document))
                return Finish();
            try
            {
                ReadSession(document);
            }
            catch (JsonException e)
            {
                Source.Line += e.LineNumber ?? 0;
                Source.Fail("malformed JSON; expected an agent session");
            }
        }
        row = _rows[_next];
        var (start, count) = _keysOfRow[_next++];
        row.PrefixKeys = _keys.AsMemory(start, count);
        return true;
    }

    bool Finish()
    {
        if (_subAgentRequests > 0)
            Report.Note($"{_subAgentRequests} requests of sub-agents run in line with their session's");
        return false;
    }

    void ReadSession(ReadOnlySpan<byte> document)
    {
        _rows.Clear();
        _keysOfRow.Clear();
        (_next, _keyCount, _endsS) = (0, 0, 0);
        var global = false;
        _blockTokens = _blockOverride ?? 0;
        var requests = new Utf8JsonReader(document);
        var found = false;
        var json = new Utf8JsonReader(document);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref json, "block_size"u8))
            {
                _blockTokens = _blockOverride ?? Whole(ref json, "block_size");
            }
            else if (Is(ref json, "hash_id_scope"u8))
            {
                global = json.TokenType == JsonTokenType.String && json.ValueTextEquals("global"u8);
            }
            else if (Is(ref json, "requests"u8))
            {
                requests = json;
                found = true;
            }
            if (json.TokenType == JsonTokenType.PropertyName)
                json.Read();
            json.Skip();
        }
        if (!found || _blockTokens <= 0)
            Source.Fail("has no requests or no block_size; expected an agent session");
        // Hash ids count from 1 in every session: they name the same block in two sessions only if global.
        _scope = global ? 0 : (ulong)_sessions + 1;
        ReadRequests(ref requests, subAgent: false);
        _sessions++;
    }

    void ReadRequests(ref Utf8JsonReader json, bool subAgent)
    {
        if (json.TokenType != JsonTokenType.StartArray)
            Source.Fail("requests is no list; expected a list of requests");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.StartObject)
                Source.Fail("a request is no JSON object");
            ReadRequest(ref json, subAgent);
        }
    }

    void ReadRequest(ref Utf8JsonReader json, bool subAgent)
    {
        int prompt = -1, output = -1;
        double t = -1, apiS = 0, thinkS = -1;
        var nested = false;
        _chain.Begin(_scope);
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            if (Is(ref json, "t"u8))
            {
                t = Number(ref json, "t");
            }
            else if (Is(ref json, "in"u8))
            {
                prompt = Whole(ref json, "in");
            }
            else if (Is(ref json, "out"u8))
            {
                output = Whole(ref json, "out");
            }
            else if (Is(ref json, "api_time"u8))
            {
                apiS = json.TokenType == JsonTokenType.Null ? 0 : Number(ref json, "api_time");
            }
            else if (Is(ref json, "think_time"u8))
            {
                thinkS = json.TokenType == JsonTokenType.Null ? -1 : Number(ref json, "think_time");
            }
            else if (Is(ref json, "hash_ids"u8))
            {
                ReadHashes(ref json);
            }
            else if (Is(ref json, "requests"u8))
            {
                nested = true;
                ReadRequests(ref json, subAgent: true);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }
        if (nested)
            return;
        if (prompt < 0 || output < 0 || t < 0)
            Source.Fail("a request lacks t, in or out; expected all three");
        if (subAgent)
            _subAgentRequests++;
        Add(prompt, output, t, apiS, thinkS);
    }

    /// <summary>Without a think time, the gap since the recorded end of the answer before.</summary>
    void Add(int prompt, int output, double t, double apiS, double thinkS)
    {
        var think = _rows.Count == 0 ? 0 : thinkS >= 0 ? thinkS : Math.Max(0, t - _endsS);
        var row = new TraceRow
        {
            AtNs = Time((decimal)t, 1_000_000_000, "t"),
            PromptTokens = prompt,
            OutputTokens = output,
            Session = _sessions,
            ThinkNs = Time((decimal)think, 1_000_000_000, "think_time"),
        };
        _endsS = t + apiS;
        var keys = _chain.Whole(prompt, _blockTokens).Span;
        if (!keys.IsEmpty)
            PrefixBlockTokens = OneBlockSize();
        if (_keyCount + keys.Length > _keys.Length)
            Array.Resize(ref _keys, Math.Max(2 * _keys.Length, _keyCount + keys.Length));
        keys.CopyTo(_keys.AsSpan(_keyCount));
        _rows.Add(row);
        _keysOfRow.Add((_keyCount, keys.Length));
        _keyCount += keys.Length;
    }

    int OneBlockSize() =>
        PrefixBlockTokens == 0 || PrefixBlockTokens == _blockTokens
            ? _blockTokens
            : throw Source.Error(
                $"block_size {_blockTokens} after {PrefixBlockTokens}; expected one size in a file");

    void ReadHashes(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
            Source.Fail("hash_ids is no list; expected a list of block hashes");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out var id))
                throw Source.Error("a hash id is no integer");
            _chain.Add((ulong)id);
        }
    }

    int Whole(ref Utf8JsonReader json, string field) => Tokens(Number(ref json, field), field);

    double Number(ref Utf8JsonReader json, string field)
    {
        if (json.TokenType != JsonTokenType.Number)
            Source.Fail($"{field} is no number");
        var value = json.GetDouble();
        if (!(Math.Abs(value) < 1e10))
            Source.Fail($"{field} is {value}; expected a number of tokens or seconds");
        if (value < 0)
            Source.Fail($"{field} is {value}; expected 0 or more");
        return value;
    }

    static bool Is(ref Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(name) && json.Read();
}
