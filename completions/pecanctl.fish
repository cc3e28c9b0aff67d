# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
# Completion of pecanctl for fish: pecanctl itself says what may stand at the cursor.

function __pecanctl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        switch $line
            case \tfolders
                __fish_complete_directories (commandline -ct) ''
            case \tfiles
                __fish_complete_path (commandline -ct)
            case '*'
                echo $line
        end
    end
end

complete -c pecanctl -f -a '(__pecanctl_complete)'
