using System.Net;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>What every file store keeps to: the data folder, and a bucket that speaks S3.</summary>
public sealed class VideoFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-videos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task File_IsKept_ReadInParts_ListedAndDeleted(bool inBucket)
    {
        await using var store = inBucket ? await ObjectStore.StartAsync() : null;
        var folder = new VideoFolder(new VideoOptions { Directory = _folder });
        using var bucket = store is null ? null : new BucketVideoFiles(store.Options);
        IVideoFiles files = bucket is null ? new LocalVideoFiles(folder) : bucket;
        var name = Guid.CreateVersion7().ToString("n");
        var content = Mp4Sample.Of(4, fillBytes: 300_000);
        var path = folder.FetchedOf(name);

        Assert.Null(await files.OpenAsync(name, 0, 1, CancellationToken.None));
        Assert.Empty(await ListAsync(files));
        await files.DeleteAsync(name, CancellationToken.None);
        await WriteAsync(path, content);
        await files.SaveAsync(name, path, CancellationToken.None);

        Assert.False(File.Exists(path));
        Assert.Equal(content, await ReadAsync(files, name, 0, content.Length));
        Assert.Equal(content[17..1017], await ReadAsync(files, name, 17, 1000));
        Assert.Equal(content[^1..], await ReadAsync(files, name, content.Length - 1, 1));
        Assert.Equal([name], await ListAsync(files));

        // As after a restart in the middle of it: once more over what is there.
        await WriteAsync(path, content[..500]);
        await files.SaveAsync(name, path, CancellationToken.None);
        Assert.Equal(content[..500], await ReadAsync(files, name, 0, 500));

        await files.DeleteAsync(name, CancellationToken.None);
        Assert.Null(await files.OpenAsync(name, 0, 1, CancellationToken.None));
        Assert.Empty(await ListAsync(files));
    }

    [Fact]
    public async Task Bucket_HoldsTheVideos_AndTheDataFolderNone()
    {
        await using var store = await ObjectStore.StartAsync();
        await using var engine = new FakeOmni { Video = Mp4Sample.Of(4, fillBytes: 500_000) };
        await using var host = await VideoHost.StartAsync([engine], options => options.Bucket = store.Options);

        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");

        Assert.Single(store.Objects);
        Assert.Empty(host.Stored);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(host.Folder, "fetched")));
        Assert.Equal(engine.Video, await host.Client.GetByteArrayAsync($"/v1/videos/{id}/content"));
        using var part = await host.Client.SendAsync(VideoHost.Ranged($"/v1/videos/{id}/content", "bytes=400000-400099"));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(engine.Video[400_000..400_100], await part.Content.ReadAsByteArrayAsync());

        await host.NothingRunsAsync();
        using var deleted = await host.Client.DeleteAsync($"/v1/videos/{id}");
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Empty(store.Objects);
    }

    [Fact]
    public async Task BucketThatIsAway_IsSaid_AndWaitedFor()
    {
        await using var store = await ObjectStore.StartAsync();
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine], options => options.Bucket = store.Options);
        host.Host.MayLogErrors = true;
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");
        await store.StopAsync();

        await host.Client.GetAsync($"/v1/videos/{id}/content").ErrorAsync(HttpStatusCode.ServiceUnavailable, "storage_unavailable");
        var second = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => host.Host.Errors.Any(e => e.Contains("could not be put", StringComparison.Ordinal)), "it is logged");

        // It is neither lost nor shown before it is kept.
        Assert.Equal("in_progress", (await host.ShowAsync(second)).GetProperty("status").GetString());
        Assert.Single(host.Host.Outbox.Records);
    }

    private static async Task WriteAsync(string path, byte[] content)
    {
        await using var file = VideoFolder.Create(path);
        await file.WriteAsync(content);
    }

    private static async Task<byte[]> ReadAsync(IVideoFiles files, string name, long offset, long length)
    {
        await using var stream = await files.OpenAsync(name, offset, length, CancellationToken.None);
        using var all = new MemoryStream();
        await stream!.CopyToAsync(all);
        return all.ToArray();
    }

    private static async Task<List<string>> ListAsync(IVideoFiles files)
    {
        var names = new List<string>();
        await foreach (var name in files.ListAsync(CancellationToken.None))
        {
            names.Add(name);
        }
        return names;
    }
}
