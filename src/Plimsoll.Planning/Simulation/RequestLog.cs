using System;
using System.Globalization;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// One JSON line per completed request. It is written beside its destination and moved there by
/// <see cref="Keep"/>, so a run that fails leaves nothing half-written.
/// </summary>
public sealed class RequestLog : IDisposable
{
    readonly string _path;
    readonly string _temporary;
    readonly StreamWriter _writer;
    bool _kept;

    RequestLog(string path, string temporary)
    {
        _path = path;
        _temporary = temporary;
        _writer = new StreamWriter(temporary);
    }

    /// <summary>Opens a log; a path that cannot be written throws <see cref="BadInputException"/>.</summary>
    public static RequestLog Create(string path)
    {
        if (Directory.Exists(path))
            throw new BadInputException($"{path}: is a folder; expected a file to write");
        try
        {
            return new RequestLog(path, path + ".partial");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WholeFile.Unwritable(path, e);
        }
    }

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
            _writer.Dispose();
            File.Move(_temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WholeFile.Unwritable(_path, e);
        }
        _kept = true;
    }

    public void Dispose()
    {
        _writer.Dispose();
        if (!_kept)
            File.Delete(_temporary);
    }
}
