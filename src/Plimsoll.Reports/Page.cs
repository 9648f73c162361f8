using System.IO;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports;

/// <summary>Writes a page that needs nothing beside itself.</summary>
public static class Page
{
    /// <summary>What is drawn wider than this, logical pixels, has the page's whole width.</summary>
    const double WideScene = 800;

    const string Mark = "<svg viewBox=\"0 0 40 24\" aria-hidden=\"true\"><circle cx=\"20\" cy=\"12\" r=\"9\" "
        + "class=\"f-none s-text\" stroke-width=\"2\"/><line x1=\"2\" y1=\"12\" x2=\"38\" y2=\"12\" "
        + "class=\"s-text\" stroke-width=\"2\"/></svg>";

    public static void Write(PageModel model, TextWriter page)
    {
        page.Write("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Write("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        var invalid = model.Banner.Count > 0 ? "INVALID: " : "";
        page.Write($"<title>{invalid}{HtmlText.Escape(model.Headline)}</title>\n");
        page.Write($"<style>\n{HtmlReport.Style()}</style>\n");
        page.Write("</head>\n<body>\n<main>\n");
        Header(model, page);
        page.Write("<div class=\"pictures\">\n");
        foreach (var picture in model.Pictures)
        {
            var wide = picture.Scene.Width >= WideScene ? " class=\"wide\"" : "";
            page.Write($"<figure{wide}><div class=\"frame\">\n");
            SvgWriter.WriteInPage(picture.Scene, picture.Sentence, picture.Name, page);
            page.Write($"</div><figcaption>{HtmlText.Escape(picture.Sentence)}</figcaption></figure>\n");
        }
        page.Write("</div>\n");
        foreach (var table in model.Tables)
            WriteTable(table, page);
        if (model.Notes.Count > 0)
            page.Write("<h2>Notes</h2>\n<ul>\n");
        foreach (var note in model.Notes)
            page.Write($"<li>{HtmlText.Escape(note)}</li>\n");
        if (model.Notes.Count > 0)
            page.Write("</ul>\n");
        page.Write($"<p class=\"muted\">plimsoll "
            + $"{HtmlText.Escape(model.Version)}</p>\n</main>\n</body>\n</html>\n");
    }

    /// <summary>The style sheet of every page, with the inks of both themes.</summary>
    public static string Style() => HtmlReport.Style();

    /// <summary>A heading and a table under it.</summary>
    public static void WriteTable(PageTable table, TextWriter page)
    {
        page.Write($"<h2>{HtmlText.Escape(table.Title)}</h2>\n");
        ReportTables.Write(page, table.Headers, table.Rows);
    }

    static void Header(PageModel model, TextWriter page)
    {
        page.Write($"<header>\n<div class=\"brand\">{Mark}{HtmlText.Escape(model.Brand)}</div>\n");
        if (model.Banner.Count > 0)
        {
            page.Write("<div class=\"invalid\" role=\"alert\"><b>INVALID</b><ul>\n");
            foreach (var reason in model.Banner)
                page.Write($"<li>{HtmlText.Escape(reason)}</li>\n");
            page.Write("</ul></div>\n");
        }
        foreach (var warning in model.Warnings)
            page.Write($"<p class=\"warning\">{HtmlText.Escape(warning)}</p>\n");
        page.Write($"<h1>{HtmlText.Escape(model.Headline)}</h1>\n<p class=\"muted\">");
        for (var i = 0; i < model.Lines.Count; i++)
            page.Write((i > 0 ? "<br>" : "") + HtmlText.Escape(model.Lines[i]));
        page.Write("</p>\n<div class=\"figures\">\n");
        foreach (var figure in model.Figures)
        {
            page.Write($"<div class=\"figure\"><b>{HtmlText.Escape(figure.Number)}</b>");
            page.Write($"<span>{HtmlText.Escape(figure.Text)}</span></div>\n");
        }
        page.Write("</div>\n</header>\n");
    }
}
