using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Plimsoll.Server.Api.Contract;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;
using YamlDotNet.Serialization.NamingConventions;

namespace Plimsoll.Tests.House;

public sealed class ServeReferenceTests
{
    /// <summary>
    /// docs/reference/serve.md has every key that the reader knows, its default and what the code says of it.
    /// With PLIMSOLL_WRITE_DOCS set the file is written instead of compared: <c>make docs</c>.
    /// </summary>
    [Fact]
    public void Every_key_of_the_configuration_is_written_down()
    {
        var fresh = Page();
        var file = Repository.File("docs", "reference", "serve.md");
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(file, fresh);
        File.ReadAllText(file).ShouldBe(fresh, "docs/reference/serve.md is stale: run `make docs`");
    }

    /// <summary>docs/reference/openapi.json is what a server answers at that name.</summary>
    [Fact]
    public void The_description_of_the_api_is_written_down()
    {
        var fresh = Encoding.UTF8.GetString(OpenApiDocument.Write("current")) + "\n";
        var file = Repository.File("docs", "reference", "openapi.json");
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(file, fresh);
        File.ReadAllText(file).ShouldBe(fresh, "docs/reference/openapi.json is stale: run `make docs`");
    }

    static string Page()
    {
        var page = new StringBuilder("# The configuration of `plimsoll serve`\n\nYAML; `${VAR}` and "
            + "`${VAR:-default}` are the environment's; unknown keys are errors. Generated from the code.\n");
        var summaries = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Plimsoll.Server.xml"))
            .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value, Words);
        var seen = new HashSet<Type>();
        var queue = new Queue<(Type Type, string Title)>([(typeof(ServeConfig), "The file")]);
        while (queue.TryDequeue(out var next))
        {
            if (!seen.Add(next.Type))
                continue;
            page.Append($"\n## {next.Title}\n\n| key | default | |\n|---|---|---|\n");
            var usual = Activator.CreateInstance(next.Type)!;
            foreach (var property in next.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                var key = UnderscoredNamingConvention.Instance.Apply(property.Name);
                var says = summaries.GetValueOrDefault($"P:{next.Type.FullName}.{property.Name}", "");
                page.Append($"| `{key}` | {Default(property.GetValue(usual))} | {says} |\n");
                if (Inner(property.PropertyType) is { } inner)
                    queue.Enqueue((inner, $"`{key}`"));
            }
        }
        return page.ToString();
    }

    static string Words(XElement member) => Regex.Replace(
        string.Concat(member.Elements("summary").Nodes().Select(node => node is XElement element
            ? element.Attribute("cref") is { } to
                ? $"`{UnderscoredNamingConvention.Instance.Apply(to.Value.Split('.')[^1])}`"
                : $"`{element.Value}`"
            : node.ToString())), "\\s+", " ").Trim();

    /// <summary>The section that a key's value has; null for plain values.</summary>
    static Type? Inner(Type type)
    {
        if (type.IsGenericType)
            type = type.GetGenericArguments()[^1];
        return type.Namespace == typeof(ServeConfig).Namespace ? type : null;
    }

    static string Default(object? value) => value switch
    {
        null => "",
        string text => text.Length == 0 ? "required" : $"`{text}`",
        bool flag => flag ? "`true`" : "`false`",
        IDictionary named => string.Join(", ", named.Keys.Cast<string>().Select(key => $"`{key}`")),
        IEnumerable many => string.Join(", ", many.Cast<object>().Select(one => $"`{one}`")),
        IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => "",
    };
}
