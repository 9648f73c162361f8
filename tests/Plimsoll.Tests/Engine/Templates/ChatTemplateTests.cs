using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Inputs.Templates;
using Plimsoll.Tests.House;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.Templates;

/// <summary>
/// The interpreter against Jinja2 itself, set up as Hugging Face's transformers sets it up: cases.json holds
/// templates that use every construct and what Jinja2 makes of them.
/// </summary>
public sealed class ChatTemplateTests
{
    static readonly DateTime _now = new(2026, 11, 26, 12, 0, 0);

    static string Folder => Repository.File("tests", "Plimsoll.Tests", "Engine", "Templates");

    public static TheoryData<string> Names =>
        [.. Cases(Path.Combine(Folder, "cases.json")).Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_template_renders_as_Jinja2_renders_it(string name) =>
        Compare(Cases(Path.Combine(Folder, "cases.json")).Single(c => c.Name == name)).ShouldBeNull();

    /// <summary>
    /// The same over a file of real templates: PLIMSOLL_TEMPLATES names one that
    /// jinja2-oracle.py has rendered.
    /// </summary>
    [Fact]
    public void Real_templates_render_as_Jinja2_renders_them()
    {
        var corpus = Environment.GetEnvironmentVariable("PLIMSOLL_TEMPLATES");
        Assert.SkipUnless(corpus is { Length: > 0 }, "PLIMSOLL_TEMPLATES names no corpus");
        Cases(corpus!).Select(Compare).Where(difference => difference is not null).ShouldBeEmpty();
    }

    [Fact]
    public void The_cases_are_what_Jinja2_says_today()
    {
        var script = Path.Combine(Folder, "jinja2-oracle.py");
        var cases = Path.Combine(Folder, "cases.json");
        Process? python = null;
        try
        {
            python = Process.Start(new ProcessStartInfo("python3", [script, cases])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("python3 is not here");
        }
        var rendered = python!.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.SkipUnless(python.ExitCode == 0, "python3 has no jinja2");
        rendered.ShouldBe(File.ReadAllText(cases));
    }

    [Theory]
    [InlineData("{% include 'x' %}", "the tag 'include' is not known")]
    [InlineData("a\n{{ x | urlize }}", "line 2: the filter 'urlize' is not known")]
    [InlineData("{{ x is prime }}", "the test 'prime' is not known")]
    [InlineData("{{ lipsum() }}", "'lipsum' is undefined")]
    [InlineData("{{ x.append(1) }}", "list.append would change its object")]
    [InlineData("{{ s.encode() }}", "'str object' has no attribute 'encode'")]
    [InlineData("{% if x %}", "a block without its 'endif'")]
    [InlineData("{% endif %}", "closes nothing")]
    [InlineData("{{ x", "a tag is never closed")]
    [InlineData("{{ 'x }}", "a string is never closed")]
    [InlineData("{{ x[ }}", "a '}' closes nothing")]
    [InlineData("{{ }}", "a value was expected")]
    [InlineData("{# x", "a comment is never closed")]
    [InlineData("{{ missing.part }}", "'missing' is undefined")]
    [InlineData("{{ 1 // 0 }}", "division by zero")]
    [InlineData("{{ 'a' + 1 }}", "'+' does not take a str and a int")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "too large")]
    [InlineData("{{ x | tojson(colour=1) }}", "does not know the argument 'colour'")]
    [InlineData("{% set x.y = 1 %}", "only a namespace's parts can be set")]
    [InlineData("{{ range(10000000000) }}", "does more than")]
    [InlineData("{{ 'abcdefgh' * 10000000000 }}", "does more than")]
    [InlineData(
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "does more than")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "more than 100 times deep")]
    public void What_cannot_be_done_is_refused_by_name(string template, string problem)
    {
        using var data = JsonDocument.Parse("""{"x": [1], "s": "t"}""");
        var refusal =
            Should.Throw<TemplateException>(
            () => ChatTemplate.Parse(template).Render(data.RootElement, _now));
        refusal.Message.ShouldContain(problem);
        refusal.Message.ShouldNotContain('\n');
    }

    [Fact]
    public void Nesting_without_end_is_refused() =>
        Should.Throw<TemplateException>(
            () => ChatTemplate.Parse("{{ " + new string('(', 5000) + "1" + new string(')', 5000) + " }}"))
            .Message.ShouldContain("nested more than 200 deep");

    static string? Compare(Case test)
    {
        string rendered;
        try
        {
            rendered = ChatTemplate.Parse(test.Template).Render(test.Data, _now);
        }
        catch (TemplateException e)
        {
            return test.Expected is null ? null : $"{test.Name}: {e.Message}";
        }
        return rendered == test.Expected ? null : $"{test.Name}: {JsonSerializer.Serialize(rendered)}";
    }

    sealed record Case(string Name, string Template, JsonElement Data, string? Expected);

    static List<Case> Cases(string path)
    {
        var corpus = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        return [.. corpus.GetProperty("cases").EnumerateArray().Select(c => new Case(
            c.GetProperty("name").GetString()!, c.GetProperty("template").GetString()!,
            c.TryGetProperty("data", out var data) ? data : corpus.GetProperty("data"),
            c.TryGetProperty("expected", out var expected) ? expected.GetString() : null))];
    }
}
