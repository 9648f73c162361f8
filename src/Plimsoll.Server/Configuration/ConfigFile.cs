using System;
using System.Globalization;
using System.IO;
using System.Text;
using Plimsoll.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Plimsoll.Server.Configuration;

/// <summary>
/// Reads the YAML file. <c>${VAR}</c> and <c>${VAR:-default}</c> are the environment's; a key that nobody
/// knows is an error that names the line.
/// </summary>
public static class ConfigFile
{
    const int MostBytes = 4 << 20;
    const int MostDepth = 32;

    public static ServeConfig Read(string file)
    {
        string text;
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MostBytes })
            {
                throw new BadInputException(
                    $"{file}: larger than {MostBytes >> 20} MiB; expected a configuration");
            }
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: {Reason(e)}; expected a YAML configuration");
        }
        var config = Parse(text, file, Environment.GetEnvironmentVariable);
        ConfigCheck.Check(config, file);
        return config;
    }

    /// <param name="text">YAML.</param>
    /// <param name="name">Named in messages.</param>
    /// <param name="variable">The environment.</param>
    public static ServeConfig Parse(string text, string name, Func<string, string?> variable)
    {
        var yaml = Substitute(text, name, variable);
        var deserializer = new DeserializerBuilder()
            .WithNamingConvention(UnderscoredNamingConvention.Instance)
            .WithDuplicateKeyChecking()
            .Build();
        try
        {
            CheckDepth(yaml, name);
            var documents = new YamlStream();
            documents.Load(new StringReader(yaml));
            if (documents.Documents.Count > 1)
            {
                throw new BadInputException($"{name}, line {documents.Documents[1].RootNode.Start.Line}: "
                    + "a second document; expected one");
            }
            if (documents.Documents is [var document])
                new ConfigShape(name).Check(document.RootNode, typeof(ServeConfig));
            return deserializer.Deserialize<ServeConfig>(yaml) ?? new ServeConfig();
        }
        catch (YamlException e)
        {
            // What has no end is found behind the last line.
            var line = Math.Min(e.Start.Line, yaml.TrimEnd('\n').Split('\n').Length);
            throw new BadInputException($"{name}, line {line}: {Innermost(e)}; expected YAML");
        }
    }

    /// <summary>Reading goes down with the document: one without a floor would end the process.</summary>
    static void CheckDepth(string yaml, string name)
    {
        var parser = new Parser(new StringReader(yaml));
        for (var depth = 0; parser.MoveNext(); depth += parser.Current!.NestingIncrease)
        {
            if (depth > MostDepth)
            {
                throw new BadInputException($"{name}, line {parser.Current!.Start.Line}: deeper than "
                    + $"{MostDepth}; expected a configuration");
            }
        }
    }

    static string Innermost(Exception e)
    {
        while (e.InnerException is not null)
            e = e.InnerException;
        return e.Message.ReplaceLineEndings(" ").TrimEnd('.');
    }

    static string Substitute(string text, string name, Func<string, string?> variable)
    {
        var result = new StringBuilder();
        var line = 1;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\n')
                line++;
            if (text[at] != '$' || at + 1 >= text.Length || text[at + 1] != '{')
            {
                result.Append(text[at]);
                continue;
            }
            var end = text.IndexOf('}', at);
            var inner = end < 0 ? "" : text[(at + 2)..end];
            var dash = inner.IndexOf(":-", StringComparison.Ordinal);
            var key = dash < 0 ? inner : inner[..dash];
            if (!IsName(key))
            {
                throw new BadInputException($"{name}, line {line}: ${{ without a name and }}; "
                    + "expected ${VAR} or ${VAR:-default}");
            }
            var value = variable(key);
            if (string.IsNullOrEmpty(value))
            {
                value = dash < 0
                    ? throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                        $"{name}, line {line}: {key} is not set; expected it in the environment, or "
                            + $"${{{key}:-default}}"))
                    : inner[(dash + 2)..];
            }
            result.Append(value);
            at = end;
        }
        return result.ToString();
    }

    /// <summary>A name that a shell could set.</summary>
    static bool IsName(string key)
    {
        foreach (var letter in key)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter != '_')
                return false;
        }
        return key.Length > 0 && !char.IsAsciiDigit(key[0]);
    }

    static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "cannot be read",
        _ => e.Message.ReplaceLineEndings(" "),
    };
}
