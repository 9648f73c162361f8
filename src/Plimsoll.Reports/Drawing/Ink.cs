namespace Plimsoll.Reports.Drawing;

/// <summary>What a colour means; a theme says what it looks like.</summary>
public enum Ink
{
    Text,
    Muted,
    Grid,
    Surface,
    Interactive,
    Batch,
    Limit,
    Idle,
    Credit,
}
