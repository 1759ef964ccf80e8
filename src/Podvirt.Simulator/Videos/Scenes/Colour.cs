namespace Podvirt.Simulator.Videos.Scenes;

/// <summary>A colour as video has it (ITU-R BT.709, studio range): luma from 16 to 235, chroma from 16 to 240.</summary>
internal readonly record struct Colour(double Luma, double Blue, double Red)
{
    /// <param name="hue">From 0 to 1, around the circle.</param>
    /// <param name="saturation">From 0 to 1.</param>
    /// <param name="value">From 0 to 1.</param>
    public static Colour OfHue(double hue, double saturation, double value)
    {
        double Channel(double offset)
        {
            var k = (offset + (hue * 6)) % 6;
            return value - (value * saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1));
        }

        var (red, green, blue) = (Channel(5), Channel(3), Channel(1));
        var luma = (0.2126 * red) + (0.7152 * green) + (0.0722 * blue);
        return new Colour(16 + (219 * luma), 128 + (224 * (blue - luma) / 1.8556), 128 + (224 * (red - luma) / 1.5748));
    }

    /// <param name="share">Of the other colour, from 0 to 1.</param>
    public Colour Mix(Colour other, double share) =>
        new(Luma + ((other.Luma - Luma) * share), Blue + ((other.Blue - Blue) * share), Red + ((other.Red - Red) * share));
}
