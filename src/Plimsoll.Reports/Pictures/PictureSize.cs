namespace Plimsoll.Reports.Pictures;

/// <summary>Widths of charts, logical pixels.</summary>
enum PictureSize
{
    /// <summary>A small screen, where text must not shrink with the picture.</summary>
    Phone = 380,

    /// <summary>Two abreast.</summary>
    Half = 560,

    /// <summary>As wide as the page.</summary>
    Wide = 1040,
}
