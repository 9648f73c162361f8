using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Runs;

/// <summary>What an engine's log of its steps grows by during a run; the log is on this machine.</summary>
sealed class StepLogTail
{
    const int MostSteps = 1_000_000;

    /// <summary>Bytes of a line; a longer one is no event.</summary>
    const int LongestLine = 1 << 24;

    readonly string _path;
    readonly long _from;

    public StepLogTail(string path)
    {
        _path = path;
        try
        {
            _from = new FileInfo(path).Length;
        }
        catch (IOException)
        {
            throw new BadInputException($"{Setting.StepLog} {path}", "no such file",
                "the log that `plimsoll serve --decision-log` writes");
        }
    }

    /// <summary>
    /// The steps since, up to the first line that is none of such a log. Beyond a million the rest is left
    /// out and counted.
    /// </summary>
    public StepsReport Finish()
    {
        var log = new DecisionSteps();
        var steps = new List<MeasuredStep>();
        var left = 0L;
        try
        {
            using var file = new FileStream(
                _path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // A shorter log was begun anew; one that ends within a line goes on with the rest of that line.
            var goesOn = file.Length >= _from && _from > 0;
            file.Position = goesOn ? _from - 1 : 0;
            foreach (var line in Lines(file).Skip(goesOn ? 1 : 0))
            {
                if (log.Take(line) is not { } step)
                    continue;
                if (steps.Count < MostSteps)
                    steps.Add(step);
                else
                    left++;
            }
            return new StepsReport(steps, left, steps.Count == 0 ? $"{_path} has no step of this run" : null);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return new StepsReport(steps, left, $"{_path}: {ErrorText.OneLine(e.Message).TrimEnd('.')}");
        }
    }

    /// <summary>Whole lines: the last may still be under way.</summary>
    static IEnumerable<ReadOnlyMemory<byte>> Lines(FileStream file)
    {
        var buffer = new byte[1 << 16];
        var held = 0;
        while (true)
        {
            if (held == LongestLine)
                throw new FormatException($"a line of {LongestLine} bytes and more");
            if (held == buffer.Length)
                Array.Resize(ref buffer, 2 * held);
            var read = file.Read(buffer, held, buffer.Length - held);
            if (read == 0)
                yield break;
            held += read;
            var start = 0;
            int end;
            while ((end = Array.IndexOf(buffer, (byte)'\n', start, held - start)) >= 0)
            {
                yield return buffer.AsMemory(start, end - start);
                start = end + 1;
            }
            buffer.AsSpan(start, held - start).CopyTo(buffer);
            held -= start;
        }
    }
}
