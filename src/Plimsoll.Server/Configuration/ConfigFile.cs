using System;
using System.Globalization;
using System.IO;
using System.Text;
using Plimsoll.Core;
using YamlDotNet.Core;
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
        var deserializer = new DeserializerBuilder()
            .WithNamingConvention(UnderscoredNamingConvention.Instance)
            .WithDuplicateKeyChecking()
            .Build();
        try
        {
            return deserializer.Deserialize<ServeConfig>(Substitute(text, name, variable))
                ?? new ServeConfig();
        }
        catch (YamlException e)
        {
            throw new BadInputException($"{name}, line {e.Start.Line}: {Explain(e)}");
        }
    }

    static string Explain(YamlException e)
    {
        Exception inner = e;
        while (inner.InnerException is not null)
            inner = inner.InnerException;
        var message = inner.Message.ReplaceLineEndings(" ");
        const string Unknown = "Property '";
        if (message.StartsWith(Unknown, StringComparison.Ordinal))
        {
            var key = message[Unknown.Length..message.IndexOf('\'', Unknown.Length)];
            return $"unknown key {key}; expected one of docs/reference/serve.md";
        }
        return message;
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
            if (key.Length == 0)
            {
                throw new BadInputException(
                    $"{name}, line {line}: ${{ without a name and }}; expected ${{VAR:-default}}");
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

    static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "cannot be read",
        _ => e.Message.ReplaceLineEndings(" "),
    };
}
