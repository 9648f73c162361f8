using System;
using System.Globalization;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// One JSON line per completed request. A run that fails before <see cref="Keep"/>
/// leaves nothing half-written.
/// </summary>
public sealed class RequestLog : IDisposable
{
    readonly string _path;
    readonly OutputFile _file;
    readonly StreamWriter _writer;

    RequestLog(string path)
    {
        _path = path;
        _file = OutputFile.Create(path);
        _writer = new StreamWriter(_file.Stream);
    }

    /// <summary>Opens a log; a path that cannot be written throws <see cref="BadInputException"/>.</summary>
    public static RequestLog Create(string path) => new(path);

    public void Add(in CompletedRequest request) => _writer.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"request_id\": {request.Index}, \"replica\": {request.Replica}, \"served\": "
        + $"{(request.Served ? "true" : "false")}, \"input_toks\": {request.PromptTokens}, \"output_toks\": "
        + $"{request.OutputTokens}, \"arrival_time\": {request.ArrivalNs / 1e9:0.000000000}, "
        + $"\"first_token_ts\": {request.FirstTokenNs / 1e9:0.000000000}, \"last_token_ts\": "
        + $"{request.LastTokenNs / 1e9:0.000000000}}}"));

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
