// SPDX-License-Identifier: MIT
#include "plugin/plugin_host.hpp"

#include "plugin/plugin_library.hpp"
#include "support/catch.hpp"

#include <coax/error.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace coax;
namespace fs = std::filesystem;

namespace {

const std::string memory_file = "libcoax_adapter_memory.so";
const fs::path built = COAX_TEST_PLUGINS;

/// A folder of this test's own that nobody else may write to.
class own_folder {
public:
    own_folder()
    {
        std::string pattern = (fs::temp_directory_path() / "coax_plugin_test_XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    ~own_folder() { fs::remove_all(path_); }
    const fs::path& path() const { return path_; }
    std::string text() const { return path_.string(); }

    fs::path add_memory() const
    {
        const auto file = path_ / memory_file;
        fs::copy_file(built / memory_file, file);
        fs::permissions(file, fs::perms(0755));
        return file;
    }
    fs::path add_garbage() const
    {
        const auto file = path_ / memory_file;
        std::ofstream(file) << "no shared object";
        fs::permissions(file, fs::perms(0644));
        return file;
    }

private:
    fs::path path_;
};

plugin_search only(std::vector<std::string> configured) { return {"", std::move(configured), ""}; }

/// The words of the error that `find` ends with, or nothing.
std::string error_of(plugin_host& host, std::string_view name = "memory", int* exit_code = nullptr)
{
    try {
        host.find(plugin_kind::adapter, name);
        return {};
    } catch (const startup_error& error) {
        if (exit_code) *exit_code = error.exit_code();
        return error.what();
    }
}

std::string error_of_adding(plugin_host& host, const coax_plugin& plugin)
{
    try {
        host.add_static(&plugin);
        return {};
    } catch (const startup_error& error) {
        return error.what();
    }
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a plugin is found in a configured folder and loaded once", "[plugin]")
{
    own_folder folder;
    folder.add_memory();
    plugin_host host(only({folder.text()}));
    const auto* found = host.find(plugin_kind::adapter, "memory");
    REQUIRE(found);
    CHECK(std::string(found->name) == "memory");
    fs::remove(folder.path() / memory_file);
    CHECK(host.find(plugin_kind::adapter, "memory") == found);
}

TEST_CASE("a plugin that nobody has lists every folder searched and the remedy", "[plugin]")
{
    own_folder folder;
    plugin_host host({"/nonexistent/env", {folder.text()}, "/nonexistent/installed"});
    int exit_code = 0;
    const auto error = error_of(host, "memory", &exit_code);
    CHECK(exit_code == 78);
    CHECK(contains(error, "no adapter plugin named 'memory'"));
    CHECK(contains(error, "/nonexistent/env (no such folder)"));
    CHECK(contains(error, folder.text() + "\n"));
    CHECK(contains(error, "/nonexistent/installed (no such folder)"));
    CHECK(error.find("/nonexistent/env") < error.find(folder.text()));
    CHECK(error.find(folder.text()) < error.find("/nonexistent/installed"));
    CHECK(contains(error, "COAX_PLUGIN_PATH"));
}

TEST_CASE("the environment comes before the configuration, and that before the installed folder", "[plugin]")
{
    own_folder bad;
    own_folder good;
    const auto broken = bad.add_garbage();
    good.add_memory();
    SECTION("environment first") { plugin_host host({":" + bad.text(), {good.text()}, ""}); CHECK(contains(error_of(host), broken.string())); }
    SECTION("configured before installed") { plugin_host host({"", {good.text()}, bad.text()}); CHECK(error_of(host).empty()); }
    SECTION("second entry of the environment") { plugin_host host({"/nonexistent:" + good.text(), {bad.text()}, ""}); CHECK(error_of(host).empty()); }
}

TEST_CASE("a file that exists but cannot be loaded ends the search", "[plugin]")
{
    own_folder bad;
    own_folder good;
    const auto broken = bad.add_garbage();
    good.add_memory();
    plugin_host host(only({bad.text(), good.text()}));
    const auto error = error_of(host);
    CHECK(contains(error, broken.string() + ": cannot be loaded:"));
    CHECK(contains(error, "rebuild it"));
}

TEST_CASE("a dangling link is an error, not an absence", "[plugin]")
{
    own_folder bad;
    own_folder good;
    fs::create_symlink(bad.path() / "gone", bad.path() / memory_file);
    good.add_memory();
    plugin_host host(only({bad.text(), good.text()}));
    CHECK(contains(error_of(host), "cannot be opened"));
}

TEST_CASE("a file that everybody may write to is refused", "[plugin]")
{
    own_folder folder;
    fs::permissions(folder.add_memory(), fs::perms(0757));
    plugin_host host(only({folder.text()}));
    CHECK(contains(error_of(host), "is writable by everybody: chmod o-w"));
}

TEST_CASE("a file in a folder that everybody may write to is refused", "[plugin]")
{
    own_folder folder;
    folder.add_memory();
    fs::permissions(folder.path(), fs::perms(0777));
    plugin_host host(only({folder.text()}));
    CHECK(contains(error_of(host), "its folder is writable by everybody"));
}

TEST_CASE("a file below a folder whose entries anybody may rename is refused", "[plugin]")
{
    own_folder above;
    const auto folder = above.path() / "plugins";
    fs::create_directory(folder, above.path());
    fs::permissions(folder, fs::perms(0755));
    fs::copy_file(built / memory_file, folder / memory_file);
    fs::permissions(folder / memory_file, fs::perms(0755));
    fs::permissions(above.path(), fs::perms(0777));
    plugin_host host(only({folder.string()}));
    CHECK(contains(error_of(host), "anybody may rename"));
}

TEST_CASE("what belongs to root or to this user is trusted, anybody else's is not", "[plugin]")
{
    struct stat status{};
    status.st_mode = S_IFREG | 0755;
    status.st_uid = 1000;
    CHECK(ownership_objection(status, 1000).empty());
    CHECK(contains(ownership_objection(status, 1001), "belongs to user 1000"));
    CHECK(contains(ownership_objection(status, 0), "belongs to user 1000"));
    status.st_uid = 0;
    CHECK(ownership_objection(status, 1001).empty());
}

TEST_CASE("a name that could leave its folder is refused before any file is looked at", "[plugin]")
{
    own_folder folder;
    plugin_host host(only({folder.text()}));
    for (const auto* name : {"", "../memory", "a/b", "Memory", "memory.so"}) {
        int exit_code = 0;
        CHECK(contains(error_of(host, name, &exit_code), "is no plugin name"));
        CHECK(exit_code == 78);
    }
}

TEST_CASE("a linked-in plugin wins over a file", "[plugin]")
{
    plugin_host loading(only({built.string()}));
    const coax_plugin linked = *loading.find(plugin_kind::adapter, "memory");
    own_folder folder;
    folder.add_garbage();
    plugin_host host(only({folder.text()}));
    host.add_static(&linked);
    CHECK(host.find(plugin_kind::adapter, "memory") == &linked);
}

TEST_CASE("a linked-in plugin is checked like a file, and there is one of each name", "[plugin]")
{
    plugin_host loading(only({built.string()}));
    coax_plugin linked = *loading.find(plugin_kind::adapter, "memory");
    plugin_host host(only({}));
    CHECK_THROWS_AS(host.add_static(nullptr), startup_error);
    linked.abi_major = 2;
    CHECK(contains(error_of_adding(host, linked), "built for ABI 2, this host speaks 1"));
    linked.abi_major = COAX_ABI_MAJOR;
    linked.vtable = nullptr;
    CHECK(contains(error_of_adding(host, linked), "'memory': has no function table"));
    linked = *loading.find(plugin_kind::adapter, "memory");
    host.add_static(&linked);
    CHECK(contains(error_of_adding(host, linked), "already"));
}
