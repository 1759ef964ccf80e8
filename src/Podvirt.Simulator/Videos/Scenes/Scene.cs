using Podvirt.Simulator.Language;
using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Videos.Scenes;

/// <summary>
/// What is to be seen: a sky over hills, balls that swing through it, and a bar that fills as time passes. The prompt and the seed
/// decide the colours, the shapes and the ways; nothing else does.
/// </summary>
internal sealed class Scene
{
    private const double BarMargin = 0.04;
    private const double BarHeight = 0.02;

    private readonly Picture _background;
    private readonly Ball[] _balls;
    private readonly Colour _bar;
    private readonly Colour _trough;
    private readonly double _width;
    private readonly double _height;
    private readonly int _frames;
    private readonly double _framesPerSecond;
    private ulong _state;

    public Scene(VideoSpec spec)
    {
        _state = Chooser.Mix(Chooser.Hash(spec.Prompt) ^ Chooser.Mix((ulong)spec.Seed));
        _frames = spec.Frames;
        _framesPerSecond = spec.FramesPerSecond;
        _width = (double)spec.Size.Width / Picture.Cell;
        _height = (double)spec.Size.Height / Picture.Cell;
        var hue = Next();
        _background = new Picture(spec.Size);
        Canvas.Fill(_background, Landscape(hue));
        _balls = [.. Enumerable.Range(0, 3 + (int)(Next() * 3)).Select(_ => NextBall(hue))];
        _bar = Colour.OfHue((hue + 0.5) % 1, 0.5, 1);
        _trough = Colour.OfHue(hue, 0.6, 0.15);
    }

    public void Draw(Picture picture, int frame)
    {
        picture.CopyFrom(_background);
        var small = Math.Min(_width, _height);
        foreach (var ball in _balls)
        {
            var (x, y) = ball.At(frame / _framesPerSecond);
            Canvas.Disc(picture, x * _width, y * _height, ball.Radius * small, ball.Colour);
            Canvas.Disc(picture, (x * _width) - (ball.Radius * small * 0.3), (y * _height) - (ball.Radius * small * 0.3),
                ball.Radius * small * 0.25, ball.Shine);
        }

        var left = BarMargin * _width;
        var top = (1 - BarMargin) * _height;
        var bottom = top + Math.Max(1, BarHeight * _height);
        var full = (1 - (2 * BarMargin)) * _width;
        Canvas.Box(picture, left, top, left + full, bottom, _trough);
        Canvas.Box(picture, left, top, left + (full * (frame + 1) / _frames), bottom, _bar);
    }

    private Func<double, double, Colour> Landscape(double hue)
    {
        var high = Colour.OfHue(hue, 0.75, 0.45);
        var low = Colour.OfHue((hue + 0.08) % 1, 0.35, 0.95);
        var hill = Colour.OfHue((hue + 0.3) % 1, 0.6, 0.3);
        var horizon = 0.55 + (0.2 * Next());
        var (phase, waves) = (Next() * Math.Tau, 1 + (2 * Next()));
        return (x, y) =>
        {
            var (along, down) = (x / _width, y / _height);
            var crest = horizon + (0.08 * Math.Sin(phase + (waves * Math.Tau * along))) + (0.04 * Math.Sin((5 * along) - phase));
            var under = Math.Clamp((down - crest) * _height, 0, 1);
            return high.Mix(low, Math.Clamp(down / horizon, 0, 1)).Mix(hill, under);
        };
    }

    private Ball NextBall(double hue)
    {
        var own = (hue + 0.25 + (0.5 * Next())) % 1;
        return new Ball(
            0.06 + (0.08 * Next()), 0.2 + (0.5 * Next()), 0.2 + (0.5 * Next()), Next() * Math.Tau, Next() * Math.Tau,
            Colour.OfHue(own, 0.8, 0.95), Colour.OfHue(own, 0.25, 1));
    }

    private double Next() => Chooser.Unit(Chooser.Step(ref _state));

    /// <param name="Radius">As a share of the frame's shorter side.</param>
    /// <param name="TurnsX">Swings a second from left to right and back.</param>
    private sealed record Ball(double Radius, double TurnsX, double TurnsY, double PhaseX, double PhaseY, Colour Colour, Colour Shine)
    {
        /// <returns>Shares of the width and of the height.</returns>
        public (double X, double Y) At(double seconds) =>
            (0.5 + (0.4 * Math.Sin(PhaseX + (Math.Tau * TurnsX * seconds))), 0.45 + (0.33 * Math.Sin(PhaseY + (Math.Tau * TurnsY * seconds))));
    }
}
