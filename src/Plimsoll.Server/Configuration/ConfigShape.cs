using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using Plimsoll.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization.NamingConventions;

namespace Plimsoll.Server.Configuration;

/// <summary>
/// Holds a YAML document against the classes it is read into, before it is: a list where a map belongs, a
/// word where a number does, a key without a value or one that nobody knows is said with line and path.
/// </summary>
sealed class ConfigShape(string file)
{
    static readonly string[] _nulls = ["", "~", "null", "Null", "NULL"];
    static readonly string[] _flags = ["true", "false", "yes", "no", "on", "off", "y", "n"];

    readonly NullabilityInfoContext _nullability = new();

    // An alias is the node it stands for: seen once, it is not looked into again.
    readonly HashSet<(YamlNode, Type)> _seen = [];

    public void Check(YamlNode root, Type type) => Check(root, type, "", mayBeEmpty: true);

    void Check(YamlNode node, Type declared, string path, bool mayBeEmpty)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (IsEmpty(node))
        {
            if (!mayBeEmpty)
                throw Wrong(node, path, "is empty", type);
            return;
        }
        if (!_seen.Add((node, type)))
            return;
        if (IsList(type))
            CheckList(node, type, path);
        else if (IsTable(type))
            CheckTable(node, type, path);
        else if (type.IsClass && type != typeof(string))
            CheckMap(node, type, path);
        else if (node is not YamlScalarNode scalar)
            throw Wrong(node, path, node is YamlSequenceNode ? "is a list" : "is a map", type);
        else if (!Fits(scalar.Value!, type))
            throw Wrong(node, path, Shortened(scalar.Value!), type);
    }

    void CheckList(YamlNode node, Type type, string path)
    {
        if (node is not YamlSequenceNode list)
            throw Wrong(node, path, Found(node), type);
        for (var i = 0; i < list.Children.Count; i++)
        {
            Check(list.Children[i], type.GetGenericArguments()[0],
                $"{path}[{i}]", mayBeEmpty: false);
        }
    }

    void CheckTable(YamlNode node, Type type, string path)
    {
        if (node is not YamlMappingNode map)
            throw Wrong(node, path, Found(node), type);
        foreach (var (key, value) in map.Children)
            Check(value, type.GetGenericArguments()[1], Below(path, KeyOf(key, path)), mayBeEmpty: false);
    }

    void CheckMap(YamlNode node, Type type, string path)
    {
        if (node is not YamlMappingNode map)
            throw Wrong(node, path, Found(node), type);
        var known = type.GetProperties().ToDictionary(
            property => UnderscoredNamingConvention.Instance.Apply(property.Name), StringComparer.Ordinal);
        foreach (var (key, value) in map.Children)
        {
            var name = KeyOf(key, path);
            if (!known.TryGetValue(name, out var property))
            {
                throw new BadInputException($"{file}, line {key.Start.Line}: unknown key "
                    + $"{Below(path, name)}; expected one of {string.Join(", ", known.Keys)}");
            }
            Check(value, property.PropertyType, Below(path, name),
                _nullability.Create(property).WriteState == NullabilityState.Nullable);
        }
    }

    string KeyOf(YamlNode key, string path) => key is YamlScalarNode { Value: { } name } ? name
        : throw new BadInputException(
            $"{file}, line {key.Start.Line}: {path}: a key that is a list or a map; expected a name");

    BadInputException Wrong(YamlNode node, string path, string what, Type expected) => new(
        $"{file}, line {node.Start.Line}: {(path.Length > 0 ? path + ": " : "")}{what}; "
        + $"expected {Expected(expected)}");

    static string Expected(Type type) => type switch
    {
        _ when IsList(type) => type.GetGenericArguments()[0] == typeof(string)
            ? "a list, such as [one, two]" : "a list of maps, each after a dash",
        _ when IsTable(type) => "a map from names",
        _ when type == typeof(string) => "text",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(double) || type == typeof(decimal) => "a number",
        _ when type.IsClass => "a map of keys",
        _ => "a whole number",
    };

    static bool Fits(string text, Type type)
    {
        var digits = text.Replace("_", "");
        const NumberStyles Whole = NumberStyles.AllowLeadingSign;
        var culture = CultureInfo.InvariantCulture;
        return type == typeof(string)
            || (type == typeof(bool) && _flags.Contains(text, StringComparer.OrdinalIgnoreCase))
            || (type == typeof(int) && int.TryParse(digits, Whole, culture, out _))
            || (type == typeof(long) && long.TryParse(digits, Whole, culture, out _))
            || (type == typeof(ulong) && ulong.TryParse(digits, Whole, culture, out _))
            || (type == typeof(double) && double.TryParse(text, NumberStyles.Float, culture, out _))
            || (type == typeof(decimal) && decimal.TryParse(text, NumberStyles.Float, culture, out _));
    }

    static string Found(YamlNode node) => node switch
    {
        YamlSequenceNode => "is a list",
        YamlMappingNode => "is a map",
        YamlScalarNode scalar => Shortened(scalar.Value!),
        _ => "is something else",
    };

    /// <summary>A value as a message may repeat it: one line, and no key or password in full.</summary>
    static string Shortened(string value)
    {
        const int Most = 60;
        var line = value.ReplaceLineEndings(" ");
        return line.Length <= Most ? line : line[..Most] + "…";
    }

    static string Below(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    static bool IsEmpty(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain } scalar && _nulls.Contains(scalar.Value ?? "");

    static bool IsList(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>);

    static bool IsTable(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>);
}
