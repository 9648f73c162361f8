using System;

namespace Plimsoll.Reports.Drawing;

/// <summary>
/// Literal colours of the two themes, as RGB. Blue and orange stay apart under every common colour
/// blindness (Okabe and Ito, Color Universal Design, 2008); text inks reach a contrast of 4.5 on their
/// surface. A test holds the contrast, and that the page's style sheet uses the same values.
/// </summary>
public static class Palette
{
    public static uint Light(Ink ink) => ink switch
    {
        Ink.Text => 0x16202b,
        Ink.Muted => 0x566372,
        Ink.Grid => 0xdde3e9,
        Ink.Surface => 0xffffff,
        Ink.Interactive => 0x0b5fae,
        Ink.Batch => 0xb35806,
        Ink.Limit => 0xa3194b,
        Ink.Idle => 0x66757f,
        Ink.Credit => 0x0f766e,
        _ => throw new ArgumentOutOfRangeException(nameof(ink), ink, null),
    };

    public static uint Dark(Ink ink) => ink switch
    {
        Ink.Text => 0xe7edf3,
        Ink.Muted => 0x9eacba,
        Ink.Grid => 0x2c3844,
        Ink.Surface => 0x141c24,
        Ink.Interactive => 0x6cb3f5,
        Ink.Batch => 0xf0a04b,
        Ink.Limit => 0xff8fb0,
        Ink.Idle => 0x93a3af,
        Ink.Credit => 0x4fc9bd,
        _ => throw new ArgumentOutOfRangeException(nameof(ink), ink, null),
    };

    /// <summary>The name of the ink in style sheets and classes.</summary>
    public static string Name(Ink ink) => ink switch
    {
        Ink.Text => "text",
        Ink.Muted => "muted",
        Ink.Grid => "grid",
        Ink.Surface => "surface",
        Ink.Interactive => "interactive",
        Ink.Batch => "batch",
        Ink.Limit => "limit",
        Ink.Idle => "idle",
        Ink.Credit => "credit",
        _ => throw new ArgumentOutOfRangeException(nameof(ink), ink, null),
    };
}
