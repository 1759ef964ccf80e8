using System.Buffers.Binary;
using System.Text;

namespace Podvirt.Simulator.Tests.Videos.Mp4;

/// <summary>The boxes of an mp4 file, by their path, such as <c>moov/trak/tkhd</c>.</summary>
internal sealed class Mp4Reader
{
    // Those with nothing but boxes in them.
    private static readonly string[] _folders = ["moov", "trak", "mdia", "minf", "stbl", "dinf"];

    private readonly byte[] _file;
    private readonly Dictionary<string, (int Start, int Length)> _boxes = [];

    public Mp4Reader(byte[] file)
    {
        _file = file;
        Walk("", 0, file.Length);
    }

    /// <summary>In the order of the file.</summary>
    public List<string> Names { get; } = [];

    /// <summary>A box without its header.</summary>
    public ReadOnlySpan<byte> this[string path] => _file.AsSpan(_boxes[path].Start, _boxes[path].Length);

    /// <summary>The 32-bit number at a place of a box.</summary>
    public int Number(string path, int at) => BinaryPrimitives.ReadInt32BigEndian(this[path][at..]);

    /// <summary>The samples of the one track, by its tables.</summary>
    public List<ReadOnlyMemory<byte>> Samples()
    {
        Assert.Equal(1, Number("moov/trak/mdia/minf/stbl/stco", 4));
        var at = Number("moov/trak/mdia/minf/stbl/stco", 8);
        var result = new List<ReadOnlyMemory<byte>>();
        for (var i = 0; i < Number("moov/trak/mdia/minf/stbl/stsz", 8); i++)
        {
            var length = Number("moov/trak/mdia/minf/stbl/stsz", 12 + (4 * i));
            result.Add(_file.AsMemory(at, length));
            at += length;
        }

        Assert.Equal(_file.Length, at);
        return result;
    }

    private void Walk(string folder, int start, int end)
    {
        while (start < end)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(_file.AsSpan(start));
            Assert.InRange(length, 8, end - start);
            var name = Encoding.ASCII.GetString(_file, start + 4, 4);
            var path = folder + name;
            Names.Add(path);
            _boxes[path] = (start + 8, length - 8);
            if (_folders.Contains(name))
            {
                Walk(path + "/", start + 8, start + length);
            }

            start += length;
        }

        Assert.Equal(end, start);
    }
}
