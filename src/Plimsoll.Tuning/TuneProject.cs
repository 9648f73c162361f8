using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Plimsoll.Tuning;

/// <summary>
/// <c>tune.yaml</c>: the whole path of one task. Keys are those of the commands' options; a key that is not
/// known is an error.
/// </summary>
public sealed class TuneProject
{
    public string Task { get; set; } = "";
    public string Registry { get; set; } = "plimsoll-registry";
    public string Base { get; set; } = "plimsoll";

    /// <summary>The file of records, and options of <c>tune dataset</c> without their dashes.</summary>
    public Dictionary<string, string> Dataset { get; set; } = [];

    /// <summary>Options of <c>tune run</c>.</summary>
    public Dictionary<string, string> Training { get; set; } = [];

    /// <summary>
    /// Options of <c>tune evaluate</c>; without <c>set</c> nothing is evaluated or released.
    /// </summary>
    public Dictionary<string, string> Evaluation { get; set; } = [];

    /// <summary>Whether a release goes into production at once.</summary>
    public bool Promote { get; set; }

    static readonly string[] _evaluationFiles = ["set", "must-pass", "schema"];

    string _folder = "";

    /// <exception cref="BadInputException">Missing, malformed, or with a key that is not known.</exception>
    public static TuneProject Read(string path)
    {
        try
        {
            var project = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance)
                .Build()
                .Deserialize<TuneProject?>(File.ReadAllText(path))
                    ?? throw new BadInputException($"{path}: empty; expected a project");
            if (project.Task.Length == 0 || project.Task.Contains('@', StringComparison.Ordinal))
            {
                throw new BadInputException($"{path}: task is missing or holds an "
                    + "@; expected the task's name");
            }
            if (!project.Dataset.ContainsKey("file"))
                throw new BadInputException($"{path}: dataset has no file");
            project._folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return project;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a tune.yaml");
        }
        catch (YamlException e)
        {
            var said = (e.InnerException?.Message ?? e.Message).Split('\n')[0].TrimEnd('.');
            throw new BadInputException(string.Create(
                CultureInfo.InvariantCulture, $"{path}:{e.Start.Line}: {said}; expected a tune.yaml"));
        }
    }

    public string[] DatasetArguments()
    {
        var options = new Dictionary<string, string>(Dataset);
        options.Remove("file");
        if (options.TryGetValue("evaluation", out var sets))
        {
            options["evaluation"] = sets.Split('=', 2) is [var name, var file] ? $"{name}={Here(file)}"
                : sets;
        }
        return ["dataset", Here(Dataset["file"]), .. Common(), "--base", Base, .. Options(options)];
    }

    public string[] RunArguments(string dataset) =>
        ["run", .. Common(), "--base", Base, "--dataset", dataset, .. Options(Training)];

    /// <summary>Evaluation, release and promotion, as far as the project asks for them.</summary>
    public IEnumerable<string[]> AfterTraining(string adapter)
    {
        if (!Evaluation.ContainsKey("set"))
            yield break;
        var options = Evaluation.ToDictionary(o => o.Key,
            o => _evaluationFiles.Contains(o.Key.Replace('_', '-')) ? Here(o.Value) : o.Value);
        yield return ["evaluate", adapter, .. Common(), .. Options(options)];
        yield return ["release", adapter, .. Common(), "--task", Task];
        if (Promote)
            yield return ["promote", Task, .. Common()];
    }

    string[] Common() => ["--registry", Here(Registry)];

    // Paths are the project file's, wherever the command runs.
    string Here(string path) => Path.Combine(_folder, path);

    static IEnumerable<string> Options(IReadOnlyDictionary<string, string> options)
    {
        foreach (var (name, value) in options)
        {
            yield return $"--{name.Replace('_', '-')}";
            if (value != "true")
                yield return value;
        }
    }
}
