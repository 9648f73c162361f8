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
    public string Base { get; set; } = BuiltIn;

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

    static readonly string[] _files = ["set", "must-pass", "schema", "html", "out", "bundle"];

    const string BuiltIn = "plimsoll";

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

    /// <summary>Every stage that the project asks for, with a word in place of each hash.</summary>
    public IEnumerable<string[]> Everything() =>
        [DatasetArguments(), RunArguments("DATASET"), .. AfterTraining("ADAPTER")];

    public string[] DatasetArguments()
    {
        var options = new Dictionary<string, string>(Dataset);
        options.Remove("file");
        if (options.TryGetValue("evaluation", out var sets))
        {
            options["evaluation"] = sets.Split('=', 2) is [var name, var file] ? $"{name}={Here(file)}"
                : sets;
        }
        return ["dataset", Here(Dataset["file"]), .. Common(), "--base", BaseHere(), .. Options(options)];
    }

    public string[] RunArguments(string dataset) =>
        ["run", .. Common(), "--base", BaseHere(), "--dataset", dataset, .. Options(Training)];

    /// <summary>Evaluation, release and promotion, as far as the project asks for them.</summary>
    public IEnumerable<string[]> AfterTraining(string adapter)
    {
        if (!Evaluation.ContainsKey("set"))
            yield break;
        yield return ["evaluate", adapter, .. Common(), .. Options(Evaluation)];
        yield return ["release", adapter, .. Common(), "--task", Task];
        if (Promote)
            yield return ["promote", Task, .. Common()];
    }

    string[] Common() => ["--registry", Here(Registry)];

    // Paths are the project file's, wherever the command runs.
    string Here(string path) => Path.Combine(_folder, path);

    // A hash where no file of the project is called so; the built-in one's name comes before any file's.
    string BaseHere() => Base != BuiltIn && Path.Exists(Here(Base)) ? Here(Base) : Base;

    IEnumerable<string> Options(IReadOnlyDictionary<string, string> options)
    {
        foreach (var (key, value) in options)
        {
            var name = key.Replace('_', '-');
            yield return $"--{name}";
            if (value != "true")
                yield return _files.Contains(name) ? Here(value) : value;
        }
    }
}
