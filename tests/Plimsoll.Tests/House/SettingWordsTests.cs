using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Plimsoll.Cli;
using Plimsoll.Cli.Verbs;
using Plimsoll.Core;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

/// <summary>Settings have plain names below the command line, which alone knows its flags.</summary>
public sealed class SettingWordsTests
{
    /// <summary>Flags of vLLM's programs, by which people know what was measured, and of dotnet.</summary>
    static readonly string[] OfOthers =
        ["--save-detailed", "--request-rate", "--max-num-batched-tokens", "--nologo"];

    /// <summary>What a project's file becomes are command lines.</summary>
    const string Writer = "TuneProject.cs";

    [Theory]
    [InlineData("Plimsoll.Core")]
    [InlineData("Plimsoll.Inputs")]
    [InlineData("Plimsoll.Planning")]
    [InlineData("Plimsoll.Bench")]
    [InlineData("Plimsoll.Server")]
    [InlineData("Plimsoll.Tuning")]
    public void No_layer_below_the_command_line_names_a_flag(string project)
    {
        var sources = Repository.Sources("src", "*.cs")
            .Where(file => file.Split('/').Contains(project) && Path.GetFileName(file) != Writer).ToList();
        sources.ShouldNotBeEmpty();
        foreach (var file in sources)
        {
            Lines(file)
                .SelectMany(line => Regex.Matches(line, "\"[^\"]*\"").Select(text => text.Value))
                .SelectMany(text => Regex.Matches(text, @"(?<![\w<-])--[a-z][a-z-]*").Select(flag => flag.Value))
                .Except(OfOthers).ShouldBeEmpty(file);
        }
        var flags = Enum.GetValues<Setting>().Select(Flags.Of).ToList();
        // Assumptions of a validation quote the flags that others measured with.
        foreach (var file in sources.Where(file => !file.Contains("/Validation/")))
        {
            Lines(file).Where(line => line.Contains('"') && flags.Any(flag => Says(line, flag)))
                .ShouldBeEmpty(file);
        }
    }

    /// <summary>Without whole commands, in backticks: they are the names of what wrote a file.</summary>
    static IEnumerable<string> Lines(string file) =>
        File.ReadLines(Repository.File(file)).Where(line => !line.TrimStart().StartsWith("//"))
            .Select(line => Regex.Replace(line, "`plimsoll [^`]*`", ""));

    static bool Says(string line, string flag)
    {
        var at = line.IndexOf(flag, StringComparison.Ordinal);
        return at >= 0 && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            && (at + flag.Length == line.Length || !(char.IsLetter(line[at + flag.Length])
                || line[at + flag.Length] == '-'));
    }

    [Fact]
    public void Every_setting_has_a_name_and_a_flag_of_some_verb()
    {
        var known = OptionsOf(CommandLine.Root(TextWriter.Null,
            TextWriter.Null)).Select(option => option.Name).ToHashSet();
        foreach (var setting in Enum.GetValues<Setting>())
        {
            setting.Name().ShouldNotBeNullOrWhiteSpace();
            known.ShouldContain(Flags.Of(setting));
        }
    }

    [Fact]
    public void A_bad_input_is_said_in_the_words_of_who_prints_it()
    {
        var bad = new BadInputException(
            $"{Setting.TensorParallel} {3}", $"does not divide {64.5} heads",
                $"a divisor, or {Setting.PipelineParallel}");
        bad.Message.ShouldBe(
            "tensor parallel degree 3: does not divide 64.5 heads; expected a divisor, or pipeline stages");
        bad.Say(Flags.Of).ShouldBe("--tp 3: does not divide 64.5 heads; expected a divisor, or --pp");
        bad.Subject.ShouldBe("tensor parallel degree 3");
        bad.Problem.ShouldBe("does not divide 64.5 heads");
        bad.Expected.ShouldBe("a divisor, or pipeline stages");
        new BadInputException($"{Setting.Price} cheap", "", "USD per hour").Say(Flags.Of)
            .ShouldBe("--price cheap: expected USD per hour");
    }

    static IEnumerable<Option> OptionsOf(Command command) =>
        command.Options.Concat(command.Subcommands.SelectMany(OptionsOf));
}
