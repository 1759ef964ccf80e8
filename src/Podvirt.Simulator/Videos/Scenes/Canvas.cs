using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Videos.Scenes;

/// <summary>Paints on a picture. Places are in cells of luma, and may be between two.</summary>
internal static class Canvas
{
    /// <summary>Gives each cell the colour of its middle.</summary>
    public static void Fill(Picture picture, Func<double, double, Colour> colour)
    {
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                picture.Luma[(y * picture.Width) + x] = (byte)Math.Round(colour(x + 0.5, y + 0.5).Luma);
            }
        }

        for (var y = 0; y < picture.Height / 2; y++)
        {
            for (var x = 0; x < picture.Width / 2; x++)
            {
                var (_, blue, red) = colour((2 * x) + 1, (2 * y) + 1);
                picture.Blue[(y * picture.Width / 2) + x] = (byte)Math.Round(blue);
                picture.Red[(y * picture.Width / 2) + x] = (byte)Math.Round(red);
            }
        }
    }

    /// <summary>A disc whose edge is one cell soft.</summary>
    public static void Disc(Picture picture, double centreX, double centreY, double radius, Colour colour) =>
        Paint(picture, centreX - radius, centreY - radius, centreX + radius, centreY + radius, colour,
            (x, y) => Math.Clamp(radius - Math.Sqrt(((x - centreX) * (x - centreX)) + ((y - centreY) * (y - centreY))) + 0.5, 0, 1));

    public static void Box(Picture picture, double left, double top, double right, double bottom, Colour colour) =>
        Paint(picture, left, top, right, bottom, colour, (x, y) =>
            Math.Clamp(Math.Min(x - left, right - x) + 0.5, 0, 1) * Math.Clamp(Math.Min(y - top, bottom - y) + 0.5, 0, 1));

    private static void Paint(
        Picture picture, double left, double top, double right, double bottom, Colour colour, Func<double, double, double> cover)
    {
        Paint(picture.Luma, picture.Width, picture.Height, 1, left, top, right, bottom, colour.Luma, cover);
        Paint(picture.Blue, picture.Width / 2, picture.Height / 2, 2, left, top, right, bottom, colour.Blue, cover);
        Paint(picture.Red, picture.Width / 2, picture.Height / 2, 2, left, top, right, bottom, colour.Red, cover);
    }

    /// <param name="scale">Cells of luma in a cell of this plane.</param>
    private static void Paint(
        byte[] plane, int width, int height, int scale, double left, double top, double right, double bottom, double value,
        Func<double, double, double> cover)
    {
        var lastX = Math.Min(width - 1, (int)(right / scale) + 1);
        var lastY = Math.Min(height - 1, (int)(bottom / scale) + 1);
        for (var y = Math.Max(0, (int)(top / scale) - 1); y <= lastY; y++)
        {
            for (var x = Math.Max(0, (int)(left / scale) - 1); x <= lastX; x++)
            {
                var share = cover((x + 0.5) * scale, (y + 0.5) * scale);
                var at = (y * width) + x;
                plane[at] = (byte)Math.Round(plane[at] + ((value - plane[at]) * share));
            }
        }
    }
}
