using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// One JSON line per request. Stamps are the engine's own; <c>ttft</c> and <c>e2e</c> are what the client
/// waits, with what its request takes outside the engine, and what latencies are reported by. A run that
/// fails before <see cref="Keep"/> leaves nothing half-written.
/// </summary>
public sealed class RequestLog : IDisposable
{
    readonly string _path;
    readonly OutputFile _file;
    readonly StreamWriter _writer;
    readonly string[] _levels;
    readonly RequestOverhead _overhead;

    RequestLog(string path, IReadOnlyList<LevelPromise> levels, RequestOverhead overhead)
    {
        (_path, _overhead) = (path, overhead);
        _levels = [.. levels.Select(level => JsonEncodedText.Encode(level.Spec.Name).ToString())];
        _file = OutputFile.Create(path);
        _writer = new StreamWriter(_file.Stream);
    }

    /// <summary>Opens a log; a path that cannot be written throws <see cref="BadInputException"/>.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="levels">The levels that requests name by their place.</param>
    /// <param name="overhead">What a request takes outside the engine.</param>
    public static RequestLog Create(
        string path, IReadOnlyList<LevelPromise> levels, RequestOverhead overhead) =>
        new(path, levels, overhead);

    public void Add(in CompletedRequest request)
    {
        var outsideNs = _overhead.Ns(request.PromptTokens);
        var served = request.Served;
        _writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"request_id\": {request.Index}, \"replica\": {request.Replica}, "
            + $"\"level\": \"{_levels[request.Level]}\", \"served\": {Flag(request.Served)}, "
            + $"\"rejected\": {Flag(request.Rejected)}, \"relegated\": {Flag(request.Relegated)}, "
            + $"\"input_toks\": {request.PromptTokens}, \"output_toks\": {request.OutputTokens}, "
            + $"\"arrival_time\": {request.ArrivalNs / 1e9:0.000000000}, "
            + $"\"first_token_ts\": {Seconds(served, request.FirstTokenNs)}, "
            + $"\"last_token_ts\": {Seconds(served, request.LastTokenNs)}, "
            + $"\"ttft\": {Seconds(served, request.FirstTokenNs - request.ArrivalNs + outsideNs)}, "
            + $"\"e2e\": {Seconds(served, request.LastTokenNs - request.ArrivalNs + outsideNs)}}}"));
    }

    static string Seconds(bool isKnown, long ns) =>
        isKnown ? (ns / 1e9).ToString("0.000000000", CultureInfo.InvariantCulture) : "null";

    static string Flag(bool holds) => holds ? "true" : "false";

    /// <summary>The log is complete: it takes its place.</summary>
    public void Keep()
    {
        try
        {
            _writer.Flush();
        }
        catch (IOException e)
        {
            throw OutputFile.Unwritable(_path, e);
        }
        _file.Keep();
    }

    public void Dispose() => _file.Dispose();
}
