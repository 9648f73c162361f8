using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Plimsoll.Inputs.Templates;

/// <summary>Functions that a chat template finds without being given them.</summary>
static class Globals
{
    static readonly Dictionary<string, Callable> _byName = new(StringComparer.Ordinal)
    {
        ["dict"] = arguments =>
        {
            var map = arguments.Positional is [OrderedDictionary<object, object?> source, ..]
                ? new OrderedDictionary<object, object?>(source) : [];
            foreach (var (key, value) in arguments.Named)
                map[key] = value;
            return map;
        },
        ["namespace"] = arguments =>
        {
            var space = new Namespace();
            if (arguments.Positional is [OrderedDictionary<object, object?> source, ..])
            {
                foreach (var (key, value) in source)
                    space.Values[Python.Str(key)] = value;
            }
            foreach (var (key, value) in arguments.Named)
                space.Values[key] = value;
            return space;
        },
        ["raise_exception"] = arguments =>
            throw new TemplateException(
                $"the model's chat template refuses: {Python.Str(arguments.Require(0, "message"))}"),
        ["range"] = Range,
        ["strftime_now"] = arguments =>
            FormatTime(arguments.Text(0, "format"), arguments.Scope.Rendering.Now),
    };

    public static Callable? Find(string name) => _byName.GetValueOrDefault(name);

    static object? Range(Arguments arguments)
    {
        arguments.AtMost(3);
        var one = arguments.Positional.Count == 1;
        var from = one ? 0 : Python.AsLong(arguments.Require(0, "start"));
        var to = Python.AsLong(arguments.Require(one ? 0 : 1, "stop"));
        var step = Python.AsLong(arguments.Get(2, "step", 1L));
        if (step == 0)
            throw Python.Bad("a range by steps of zero");
        var numbers = new List<object?>();
        for (var i = from; step > 0 ? i < to : i > to; i += step)
        {
            arguments.Scope.Rendering.Work();
            numbers.Add(i);
        }
        return numbers;
    }

    /// <summary>C's strftime, in English.</summary>
    static string FormatTime(string format, DateTime now)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var code = format[++i];
            var bare = code == '-' && i + 1 < format.Length;
            if (bare)
                code = format[++i];
            var part = code switch
            {
                '%' => "%",
                'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
                'Y' => now.Year.ToString("0000", CultureInfo.InvariantCulture),
                _ when Pattern(code) is { } pattern => now.ToString(pattern, CultureInfo.InvariantCulture),
                _ => throw Python.Bad($"'strftime_now' does not know %{code}"),
            };
            text.Append(bare ? part.TrimStart('0') is { Length: > 0 } short_ ? short_ : "0" : part);
        }
        return text.ToString();
    }

    static string? Pattern(char code) => code switch
    {
        'a' => "ddd",
        'A' => "dddd",
        'b' => "MMM",
        'B' => "MMMM",
        'd' => "dd",
        'm' => "MM",
        'y' => "yy",
        'H' => "HH",
        'I' => "hh",
        'M' => "mm",
        'S' => "ss",
        'p' => "tt",
        'F' => "yyyy-MM-dd",
        'T' => "HH:mm:ss",
        _ => null,
    };
}
