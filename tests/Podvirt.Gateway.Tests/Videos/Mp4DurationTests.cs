using System.Buffers.Binary;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Tests.Videos;

public sealed class Mp4DurationTests
{
    [Fact]
    public void Header_IsReadWhereverItStands()
    {
        Assert.Equal(4_000_000, Read(Mp4Sample.Of(4)));
        Assert.Equal(4_000_000, Read([.. Mp4Sample.Box("moov", Mp4Sample.Header(600, 2400)), .. Mp4Sample.Box("mdat", new byte[50])]));
        Assert.Equal(5_062_500, Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Box("udta", new byte[9]), Mp4Sample.LongHeader(16, 81)))));
        Assert.Equal(333_333, Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Header(3, 1)))));
    }

    [Fact]
    public void LargeBoxes_AndOnesToTheEnd_AreWalkedOver()
    {
        var movie = Mp4Sample.Box("moov", Mp4Sample.Header(1000, 1500));
        var large = new byte[16 + 20];
        BinaryPrimitives.WriteUInt32BigEndian(large, 1);
        "mdat"u8.CopyTo(large.AsSpan(4));
        BinaryPrimitives.WriteUInt64BigEndian(large.AsSpan(8), (ulong)large.Length);
        Assert.Equal(1_500_000, Read([.. large, .. movie]));
        BinaryPrimitives.WriteUInt32BigEndian(movie, 0);
        Assert.Equal(1_500_000, Read(movie));
    }

    [Fact]
    public void FileInPieces_HasItsLengthInTheSumOfThem()
    {
        var sum = new byte[12];
        sum[0] = 1;
        BinaryPrimitives.WriteUInt64BigEndian(sum.AsSpan(4), 7000);
        var file = Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Header(1000, 0), Mp4Sample.Box("mvex", Mp4Sample.Box("mehd", sum))));
        Assert.Equal(7_000_000, Read(file));
    }

    [Fact]
    public void NothingReadable_IsNull()
    {
        Assert.Null(Read([]));
        Assert.Null(Read("no mp4 at all, but some text"u8.ToArray()));
        Assert.Null(Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Header(0, 5)))));
        Assert.Null(Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Header(1000, uint.MaxValue)))));
        Assert.Null(Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Header(1000, 0)))));
        Assert.Null(Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.Box("mvhd", [9])))));
    }

    [Fact]
    public void LongestThereCouldBe_DoesNotOverflow() =>
        Assert.Equal(long.MaxValue, Read(Mp4Sample.File(Mp4Sample.Box("moov", Mp4Sample.LongHeader(1, ulong.MaxValue - 1)))));

    [Fact]
    public void EveryBeginningOfAFile_IsRead_AndNothingBeyondIt()
    {
        var whole = Mp4Sample.Of(4);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Null(Read(whole[..length]));
        }
        var random = new Random(7);
        for (var i = 0; i < 5000; i++)
        {
            var spoiled = (byte[])whole.Clone();
            spoiled[random.Next(spoiled.Length)] = (byte)random.Next(256);
            Assert.True(Read(spoiled) is null or >= 0);
        }
    }

    private static long? Read(byte[] file) => Mp4Duration.Read(new MemoryStream(file));
}
