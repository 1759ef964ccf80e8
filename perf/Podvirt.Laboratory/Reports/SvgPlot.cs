using System.Text;

namespace Podvirt.Laboratory.Reports;

/// <summary>Waiting over gpu-hours, both logarithmic; one line for each policy.</summary>
internal static class SvgPlot
{
    private const double Width = 760;
    private const double Height = 460;
    private const double Left = 70;
    private const double Right = 20;
    private const double Top = 20;
    private const double Bottom = 55;

    private static readonly (string Family, string Color, string Dash)[] s_lines =
    [
        (Families.FixedStop, "#8a8a8a", "2 4"), (Families.FixedSleep, "#555555", "6 3"), (Families.Swap, "#b5651d", "6 3"),
        (Families.Oracle, "#2e8b57", "2 2"), (Families.Podvirt, "#1f5fd6", ""),
    ];

    public static string Draw(LaboratoryReport report)
    {
        var points = report.Points;
        var x = Axis(points.Select(point => point.GpuHours), Left, Width - Right);
        var y = Axis(points.Select(point => point.WaitingHours), Height - Bottom, Top);
        var svg = new StringBuilder();
        svg.AppendLine($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        svg.AppendLine($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#ffffff\"/>");
        foreach (var tick in Ticks(points.Select(point => point.GpuHours)))
        {
            svg.AppendLine($"<line x1=\"{x(tick):0.0}\" x2=\"{x(tick):0.0}\" y1=\"{Top}\" y2=\"{Height - Bottom}\" stroke=\"#e4e4e4\"/>");
            svg.AppendLine($"<text x=\"{x(tick):0.0}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{tick:N0}</text>");
        }

        foreach (var tick in Ticks(points.Select(point => point.WaitingHours)))
        {
            svg.AppendLine($"<line y1=\"{y(tick):0.0}\" y2=\"{y(tick):0.0}\" x1=\"{Left}\" x2=\"{Width - Right}\" stroke=\"#e4e4e4\"/>");
            svg.AppendLine($"<text x=\"{Left - 6}\" y=\"{y(tick) + 4:0.0}\" text-anchor=\"end\">{tick:N0}</text>");
        }

        svg.AppendLine($"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 14}\" text-anchor=\"middle\">gpu-hours held</text>");
        svg.AppendLine($"<text transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">hours of waiting</text>");
        for (var i = 0; i < s_lines.Length; i++)
        {
            AddLine(svg, report, s_lines[i], x, y, Top + 18 + (18 * i));
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void AddLine(
        StringBuilder svg, LaboratoryReport report, (string Family, string Color, string Dash) line, Func<double, double> x, Func<double, double> y,
        double legend)
    {
        var points = report.Of(line.Family);
        var path = string.Join(' ', points.OrderBy(point => point.GpuHours).Select(point => $"{x(point.GpuHours):0.0},{y(point.WaitingHours):0.0}"));
        svg.AppendLine($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{line.Color}\" stroke-width=\"2\" stroke-dasharray=\"{line.Dash}\"/>");
        foreach (var point in points)
        {
            svg.AppendLine($"<circle cx=\"{x(point.GpuHours):0.0}\" cy=\"{y(point.WaitingHours):0.0}\" r=\"3\" fill=\"{line.Color}\"><title>{line.Family}, {point.Experiment.Knob}</title></circle>");
        }

        const double at = Width - Right - 130;
        svg.AppendLine($"<line x1=\"{at}\" x2=\"{at + 28}\" y1=\"{legend}\" y2=\"{legend}\" stroke=\"{line.Color}\" stroke-width=\"2\" stroke-dasharray=\"{line.Dash}\"/>");
        svg.AppendLine($"<text x=\"{at + 34}\" y=\"{legend + 4}\">{line.Family}</text>");
    }

    private static Func<double, double> Axis(IEnumerable<double> values, double from, double to)
    {
        var logs = values.Select(value => Math.Log(value)).ToList();
        var (least, most) = (logs.Min() - 0.05, logs.Max() + 0.05);
        return value => from + ((Math.Log(value) - least) / (most - least) * (to - from));
    }

    private static IEnumerable<double> Ticks(IEnumerable<double> values)
    {
        var list = values.ToList();
        for (var decade = Math.Pow(10, Math.Floor(Math.Log10(list.Min()))); decade <= list.Max(); decade *= 10)
        {
            foreach (var tick in new[] { decade, 2 * decade, 5 * decade }.Where(tick => tick >= list.Min() && tick <= list.Max()))
            {
                yield return tick;
            }
        }
    }
}
