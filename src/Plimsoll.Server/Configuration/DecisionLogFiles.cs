using System.Collections.Generic;
using System.IO;

namespace Plimsoll.Server.Configuration;

/// <summary>
/// Which file each scheduler's decisions go to: the one that was named when there is one scheduler, and
/// numbered ones beside it (<c>log.1</c>, <c>log.2</c>) when there are more, since a log is one scheduler's.
/// </summary>
sealed class DecisionLogFiles
{
    readonly string? _path;
    readonly TextWriter _story;
    readonly bool _isOne;
    int _given;

    /// <param name="config">Names the file and the models.</param>
    /// <param name="story">Hears which scheduler's file is which.</param>
    public DecisionLogFiles(ServeConfig config, TextWriter story)
    {
        (_path, _story) = (config.DecisionLog, story);
        var schedulers = 0;
        foreach (var model in config.Models)
            schedulers += Schedulers(model);
        _isOne = schedulers == 1;
    }

    /// <summary>A file for each scheduler of a model; none when nothing is recorded.</summary>
    public IReadOnlyList<string> Of(ModelConfig model)
    {
        var files = new List<string>();
        for (var i = 0; _path is not null && i < Schedulers(model); i++)
        {
            files.Add(_isOne ? _path : $"{_path}.{++_given}");
            _story.WriteLine($"plimsoll: decisions of {model.Name}/{i} are recorded in {files[^1]}");
        }
        return files;
    }

    static int Schedulers(ModelConfig model) =>
        model.Simulated?.Replicas ?? (model.Llama is null ? 0 : 1);
}
