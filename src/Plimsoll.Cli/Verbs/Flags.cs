using System;
using System.Collections.Generic;
using System.CommandLine;
using Plimsoll.Core;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// How the command line calls what the other layers name by <see cref="Setting"/>, and how it reads choices.
/// </summary>
public static class Flags
{
    /// <summary>The flag of a setting, <c>--tp</c>.</summary>
    public static string Of(Setting setting) => setting switch
    {
        Setting.Model => "--model",
        Setting.Accelerator => "--gpu",
        Setting.TensorParallel => "--tp",
        Setting.PipelineParallel => "--pp",
        Setting.ExpertParallel => "--ep",
        Setting.DataParallel => "--dp",
        Setting.Weights => "--weights",
        Setting.Engine => "--engine",
        Setting.MaxNumSeqs => "--max-num-seqs",
        Setting.MaxNumBatchedTokens => "--max-num-batched-tokens",
        Setting.BlockSize => "--block-size",
        Setting.Workload => "--workload",
        Setting.BatchWorkload => "--batch-workload",
        Setting.ColumnMap => "--map",
        Setting.Promise => "--promise",
        Setting.Level => "--level",
        Setting.Price => "--price",
        Setting.Requests => "--requests",
        Setting.BatchWindow => "--batch-window",
        Setting.ValidationData => "--data",
        Setting.ValidationSet => "--set",
        Setting.ValidationPage => "--write-docs",
        Setting.Against => "--against",
        Setting.Levels => "--levels",
        Setting.Stages => "--stages",
        Setting.Arrivals => "--arrivals",
        Setting.Burstiness => "--burstiness",
        Setting.StepLog => "--step-log",
        Setting.Tokenizer => "--tokenizer",
        Setting.DatasetPath => "--dataset-path",
        Setting.ExtraBody => "--extra-body",
        Setting.ServedModelName => "--served-model-name",
        Setting.NoStream => "--no-stream",
        Setting.IgnoreEos => "--ignore-eos",
        Setting.OutputLength => "--random-output-len",
        Setting.Teacher => "--teacher",
        Setting.TeacherMostTokens => "--teacher-most-tokens",
        _ => throw new ArgumentOutOfRangeException(nameof(setting), setting, null),
    };

    /// <summary>An option whose value is one of a few names, which complete.</summary>
    public static TOption OneOf<TOption, T>(this TOption option, Choices<T> choices)
        where TOption : Option
    {
        option.Suggest([.. choices.Names]);
        return option;
    }

    /// <summary>What was chosen; something else is refused with the names that there are.</summary>
    public static T Chosen<T>(this ParseResult parsed, Option option, Choices<T> choices) =>
        choices.TryFind(parsed.GetResult(option)?.GetValueOrDefault<string>(), out var chosen)
            ? chosen
            : throw new BadInputException(
                $"{option.Name} {parsed.GetResult(option)?.GetValueOrDefault<string>()}", "", $"{choices}");

    /// <summary>The first of these options that was given is refused, with words after its name.</summary>
    public static void RefuseGiven(this ParseResult parsed, string words, params Option[] options)
    {
        foreach (var option in options)
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new BadInputException(option.Name + words);
        }
    }

    /// <summary>A command line as a shell reads it.</summary>
    public static string CommandOf(ParseResult parsed)
    {
        var words = new List<string> { "plimsoll" };
        foreach (var token in parsed.Tokens)
        {
            words.Add(token.Value.AsSpan().ContainsAny(" \"'$;&|<>(){}*?#")
                ? $"'{token.Value.Replace("'", "'\\''")}'" : token.Value);
        }
        return string.Join(' ', words);
    }
}
